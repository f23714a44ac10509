import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { seal } from '../../protocols/envelope.ts'
import type { BakError } from '../../protocols/errors.ts'
import {
  addressOf,
  type Endpoint,
  endpointOf,
  observationSubject,
  openProof,
  readProof,
  writeLine
} from '../../protocols/observe.ts'
import { newSigner } from '../helpers/streams.ts'

const test = suite('observations')

const relay = newSigner()
const peer = newSigner().peer
const seen: Endpoint = { host: '192.0.2.7', port: 4001 }
const proofOf = (about: string, address = addressOf(seen), by = relay) =>
  seal(observationSubject, { peer: about, address }, by)

const codeOf = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    return (error as BakError).code
  }
  return undefined
}

test('an endpoint is written as an address, and read from it', () => {
  const port = fc.integer({ min: 1, max: 65_535 })
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), port, (host, number) => {
      assert.equal(endpointOf(addressOf({ host, port: number })), { host, port: number })
    })
  )
})

for (const text of [
  '',
  '/ip4/192.0.2.7',
  '/ip4/192.0.2.7/tcp/0',
  '/ip4/192.0.2.7/tcp/65536',
  '/dns4/a.org/tcp/1',
  '/ip4/192.0.2.7/udp/1'
]) {
  test(`"${text}" is no endpoint`, () =>
    assert.is(
      codeOf(() => endpointOf(text)),
      'bad-message'
    ))
}

test('a line carries its proof', () => {
  const proof = proofOf(peer)
  const read = readProof(writeLine(seen, proof).trimEnd())
  assert.equal(openProof(read, peer).endpoint, seen)
  assert.is(openProof(read, peer).by, relay.peer)
})

const lines: Array<[title: string, line: string]> = [
  ['nothing', ''],
  ['no proof', '192.0.2.7:4001'],
  ['what is no base64url', '192.0.2.7:4001 a+b'],
  ['what is no envelope', '192.0.2.7:4001 AAAA'],
  ['a banner', 'SSH-2.0-OpenSSH_9.2p1']
]
for (const [title, line] of lines) {
  test(`${title} is no line of an observer`, () =>
    assert.is(
      codeOf(() => readProof(line)),
      'bad-message'
    ))
}

test('arbitrary bytes are refused as a proof', () => {
  fc.assert(
    fc.property(fc.string(), text =>
      assert.is(
        codeOf(() => readProof(text)),
        'bad-message'
      )
    )
  )
})

test('a proof about another peer, and one that the peer signed itself, are refused', () => {
  const other = newSigner()
  assert.is(
    codeOf(() => openProof(proofOf(other.peer), peer)),
    'not-allowed'
  )
  assert.is(
    codeOf(() => openProof(proofOf(other.peer, undefined, other), other.peer)),
    'not-allowed'
  )
})

test('a proof whose address was changed is refused', () => {
  const proof = proofOf(peer)
  const other = proofOf(peer, '/ip4/192.0.2.8/tcp/1')
  assert.is(
    codeOf(() => openProof({ ...proof, body: other.body }, peer)),
    'bad-signature'
  )
})

test('a proof of anything but a TCP address is refused', () => {
  assert.is(
    codeOf(() => openProof(proofOf(peer, '/dns4/a.org/tcp/1'), peer)),
    'bad-message'
  )
})

test.run()
