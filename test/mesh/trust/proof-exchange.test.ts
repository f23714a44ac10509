/** The exchange of proofs on a connection that is encrypted already, in memory, and what can go wrong with it. */
import type { MessageStream, SecuredConnection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { byteStream, lpStream, multiaddrConnectionPair } from '@libp2p/utils'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Admission, exchangeProofs, Refused } from '../../../node/mesh/trust/proof-exchange.ts'
import type { ProofFrame, Refusal } from '../../../protocols/admission.ts'
import { encode } from '../../../protocols/codec.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'

const test = suite('the exchange of proofs')
test.after(stayAwake())

const [a, b] = [newSigner().peer, newSigner().peer]
const tooLate: Refusal = { code: 'expired', reason: 'it ran out' }

interface Seen {
  peer: string
  frame: ProofFrame
  generation: number
}

/** Shows these bytes, and refuses everyone with `refusal` if there is one. */
function admissionOf(ownProofBytes: Uint8Array | undefined, refusal?: Refusal): Admission & { seen: Seen[] } {
  const seen: Seen[] = []
  return {
    ownProofBytes,
    seen,
    judge: (peer, frame, generation) => {
      seen.push({ peer, frame, generation })
      return refusal
    }
  }
}

const secured = (connection: MessageStream, peer: string) =>
  ({ connection, remotePeer: peerIdFromString(peer) }) as SecuredConnection

/** Both ends run to their end: what each returned or threw. */
async function meet(near: Admission, far: Admission) {
  const [left, right] = multiaddrConnectionPair()
  const settled = await Promise.allSettled([
    exchangeProofs(secured(left, b), 7, near),
    exchangeProofs(secured(right, a), 7, far)
  ])
  return { left, right, results: settled.map(each => (each.status === 'fulfilled' ? undefined : each.reason)) }
}

const bytes = (...all: number[]) => Uint8Array.of(...all)

test('each side sees what the other shows, its clock, and the generation that it used', async () => {
  const [near, far] = [admissionOf(bytes(1, 2)), admissionOf(undefined)]
  const { results } = await meet(near, far)
  assert.equal(results, [undefined, undefined])
  assert.equal(
    near.seen.map(({ peer, generation }) => [peer, generation]),
    [[b, 7]]
  )
  assert.is(near.seen[0]?.frame.proof, undefined)
  assert.equal(new Uint8Array(far.seen[0]?.frame.proof ?? []), bytes(1, 2))
  for (const { frame } of [...near.seen, ...far.seen]) assert.ok(Math.abs(frame.at - Date.now()) < 5_000)
})

test('afterwards the connection carries what either side sends, unchanged', async () => {
  const [left, right] = multiaddrConnectionPair()
  const muxer = { protocol: '/early' }
  const [near, far] = await Promise.all([
    exchangeProofs({ ...secured(left, b), streamMuxer: muxer as never }, 1, admissionOf(undefined)),
    exchangeProofs(secured(right, a), 1, admissionOf(undefined))
  ])
  assert.is(near.streamMuxer, muxer, 'a muxer that the handshake agreed on stays agreed')
  const [from, to] = [lpStream(near.connection), lpStream(far.connection)]
  for (const [out, into] of [
    [from, to],
    [to, from]
  ] as const) {
    await out.write(bytes(9, 8, 7))
    assert.equal((await into.read()).subarray(), bytes(9, 8, 7))
  }
})

test('bytes that arrive together with the last frame are not lost', async () => {
  const [left, right] = multiaddrConnectionPair()
  const raw = byteStream(left)
  const framed = (value: unknown) => {
    const body = encode(value)
    return [0, body.length, ...body]
  }
  const far = exchangeProofs(secured(right, a), 1, admissionOf(undefined))
  // both frames, and the first bytes of the muxer, in one piece
  await raw.write(bytes(...framed({ at: 1 }), ...framed({}), 0, 1, 2, 3))
  const { connection } = await far
  assert.equal((await byteStream(connection).read({ bytes: 4 })).subarray(), bytes(0, 1, 2, 3))
})

test('frames that arrive byte by byte are assembled', async () => {
  const [left, right] = multiaddrConnectionPair()
  const far = exchangeProofs(secured(right, a), 1, admissionOf(undefined))
  const body = encode({ proof: bytes(1, 2, 3), at: 1 })
  const verdict = encode({})
  for (const byte of [0, body.length, ...body, 0, verdict.length, ...verdict]) left.send(bytes(byte))
  await far
})

for (const strict of ['the dialler', 'the listener', 'both']) {
  test(`where ${strict} refuses, both know why, and the connection is closed`, async () => {
    const refusals = ['the dialler', 'the listener'].map(side =>
      strict === side || strict === 'both' ? tooLate : undefined
    )
    const { results, left, right } = await meet(
      admissionOf(undefined, refusals[0]),
      admissionOf(undefined, refusals[1])
    )
    for (const [i, error] of results.entries()) {
      assert.ok(error instanceof Refused)
      assert.equal(error.refusal, tooLate)
      assert.is(error.by, refusals[i] == null ? 'them' : 'us')
      assert.is(error.code, 'not-allowed')
    }
    for (const end of [left, right]) assert.is.not(end.status, 'open')
  })
}

/** One honest end, and one that does what a test wants. */
async function against(act: (raw: MessageStream) => unknown, deadline = 5_000): Promise<[Refused, MessageStream]> {
  const [left, right] = multiaddrConnectionPair()
  const far = exchangeProofs(secured(right, a), 1, admissionOf(undefined), { deadline }).then(
    () => 'it was admitted',
    error => error
  )
  await act(left)
  const error = await far
  assert.ok(error instanceof Refused, String(error))
  return [error as Refused, left]
}

const bad: Array<[title: string, act: (raw: MessageStream) => unknown, code: string]> = [
  ['sends what is no frame', raw => raw.send(bytes(0, 3, 255, 255, 255)), 'bad-proof'],
  ['sends a frame of another shape', raw => raw.send(bytes(0, 1, ...encode({}))), 'bad-proof'],
  ['announces a frame that is too large', raw => raw.send(bytes(0xff, 0xff)), 'bad-proof'],
  ['sends an empty frame', raw => raw.send(bytes(0, 0)), 'bad-proof'],
  ['hangs up', raw => raw.abort(new Error('gone')), 'gone'],
  ['hangs up in the middle of a frame', raw => hangUp(raw, bytes(0, 40, 1, 2)), 'gone']
]
for (const [title, act, code] of bad) {
  test(`a peer that ${title} is refused with a reason`, async () => {
    const [{ refusal, by }] = await against(act)
    assert.equal([refusal.code, by], [code, 'us'])
    assert.ok(refusal.reason.length > 10 && refusal.reason.length < 400, refusal.reason)
  })
}

async function hangUp(raw: MessageStream, first: Uint8Array): Promise<void> {
  raw.send(first)
  await raw.close()
}

test('a silent peer is given up after the deadline', async () => {
  const [{ refusal }] = await against(() => {}, 50)
  assert.is(refusal.code, 'too-slow')
})

test('a peer that shows a proof and sends no verdict is given up after the deadline', async () => {
  const body = encode({ at: 1 })
  const [{ refusal }] = await against(raw => raw.send(bytes(0, body.length, ...body)), 50)
  assert.is(refusal.code, 'too-slow')
})

test('the caller’s signal ends the exchange, too', async () => {
  const [, right] = multiaddrConnectionPair()
  const signal = AbortSignal.timeout(50)
  const error = await exchangeProofs(secured(right, a), 1, admissionOf(undefined), { signal }).catch(error => error)
  assert.is(error.refusal.code, 'too-slow')
})

test('a refused peer that stalled is still sent the reason', async () => {
  const [left, right] = multiaddrConnectionPair()
  const far = exchangeProofs(secured(right, a), 1, admissionOf(undefined, tooLate), { deadline: 200 }).catch(e => e)
  const raw = byteStream(left)
  const read = async () => {
    const [high, low] = (await raw.read({ bytes: 2 })).subarray() as unknown as [number, number]
    return Buffer.from((await raw.read({ bytes: high * 256 + low })).subarray())
  }
  const body = encode({ at: 1 })
  await raw.write(bytes(0, body.length, ...body))
  await read()
  assert.match((await read()).toString('latin1'), 'it ran out')
  assert.equal(((await far) as Refused).refusal, tooLate)
})

test('a flood in place of a proof ends the connection, and is not buffered', async () => {
  const [{ refusal }] = await against(raw => {
    raw.send(bytes(1, 0))
    raw.send(new Uint8Array(1024 * 1024))
  })
  assert.ok(['bad-proof', 'gone'].includes(refusal.code), refusal.code)
})

test('a reason that is too long to send arrives shortened', async () => {
  const long = { code: 'revoked' as const, reason: 'x'.repeat(5_000) }
  const { results } = await meet(admissionOf(undefined, long), admissionOf(undefined))
  assert.is(results[1].refusal.reason.length, 1024)
})

test.run()
