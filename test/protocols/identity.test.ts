import { generateKeyPairSync } from 'node:crypto'
import { privateKeyFromRaw, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { BakError } from '../../protocols/errors.ts'
import { peerId } from '../../protocols/fields.ts'
import { peerIdOf, publicKeyOf, sign, verify } from '../../protocols/identity.ts'
import { newSigner } from '../helpers/streams.ts'

const test = suite('identity')

/** The same key as Node has it and as libp2p has it. */
function newKey() {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { d, x } = privateKey.export({ format: 'jwk' })
  const [seed, open] = [Buffer.from(d as string, 'base64url'), Buffer.from(x as string, 'base64url')]
  return { key: privateKey, open, theirs: privateKeyFromRaw(Buffer.concat([seed, open])) }
}

test('a peer id is the one that libp2p gives the same key', () => {
  for (let i = 0; i < 50; i++) {
    const { open, theirs } = newKey()
    assert.is(peerIdOf(open), peerIdFromPrivateKey(theirs).toString())
  }
})

test('the key that a peer id names is the one that libp2p reads out of it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), raw => {
      const peer = peerIdOf(raw)
      assert.is(Buffer.from(publicKeyOf(peer).export({ format: 'jwk' }).x as string, 'base64url').compare(raw), 0)
      const theirs = peerIdFromString(peer).publicKey
      assert.is(theirs?.type, 'Ed25519')
      assert.ok(theirs?.equals(publicKeyFromRaw(raw)))
    })
  )
})

test('a text is a peer id for a message exactly if it names a key', () => {
  const named = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(peerIdOf)
  const similar = fc.stringMatching(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/)
  const names = (id: string) => {
    try {
      return publicKeyOf(id) != null
    } catch {
      return false
    }
  }
  const lowest = peerIdOf(new Uint8Array(32))
  const highest = peerIdOf(new Uint8Array(32).fill(0xff))
  for (const id of [lowest, highest]) assert.is(v.is(peerId, id), true)
  fc.assert(
    fc.property(fc.oneof(named, similar), id => assert.is(v.is(peerId, id), names(id))),
    { numRuns: 2_000 }
  )
})

test('what one signs the other verifies, both ways', async () => {
  const { key, open, theirs } = newKey()
  const words = Buffer.from('some words')
  assert.ok(await theirs.publicKey.verify(words, sign(key, words)))
  assert.ok(verify(peerIdOf(open), words, await theirs.sign(words)))
})

test('a signature holds for its bytes and its signer only', () => {
  const [one, other] = [newSigner(), newSigner()]
  const words = Buffer.from('some words')
  const signature = sign(one.key, words)
  assert.is(verify(one.peer, words, signature), true)
  assert.is(verify(other.peer, words, signature), false)
  assert.is(verify(one.peer, Buffer.from('some Words'), signature), false)
  assert.is(verify(one.peer, words, signature.with(0, (signature[0] as number) ^ 1)), false)
  assert.is(verify(one.peer, words, signature.subarray(1)), false)
  assert.is(verify(one.peer, words, new Uint8Array(64)), false)
})

const { peer } = newSigner()
const strangers: Array<[title: string, id: string]> = [
  ['an empty text', ''],
  ['letters that base58 does not have', `${peer.slice(0, -1)}0`],
  ['an id that is cut off', peer.slice(0, -1)],
  ['an id with a letter more', `${peer}1`],
  ['the id of an RSA key', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'],
  ['the id of a secp256k1 key', '16Uiu2HAmV3p94KZUmsnaFtf6rfaSX2uBDphaz1f4TCRBvMXAh6CD']
]
for (const [title, id] of strangers) {
  test(`${title} is not a peer id`, () => {
    assert.throws(
      () => publicKeyOf(id),
      (error: unknown) => error instanceof BakError && error.code === 'bad-message'
    )
  })
}

test('more keys than are kept at hand are still found', () => {
  const one = newSigner()
  const words = Buffer.from('x')
  const signature = sign(one.key, words)
  for (let i = 0; i < 5_000; i++) publicKeyOf(peerIdOf(Buffer.alloc(32, `${i} `)))
  assert.ok(verify(one.peer, words, signature))
})

test.run()
