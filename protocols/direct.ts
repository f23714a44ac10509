/**
 * How two peers with a relayed connection establish a direct one. The peer with the smaller id leads, and opens the stream. Each
 * sends the other its addresses, and what observers saw of a port that it keeps open (`offer`), and dials those of the other's
 * addresses that may be reachable. If no dial succeeds, both connect to each other's public endpoint at the same time (TCP
 * hole punching): the leader sends `ready` with a nonce, the other answers `ready`, which measures the round trip, and the
 * leader sends `go`; the nonce on a socket proves that the right peer is at its other end. The leader closes the stream when it
 * has a direct connection, or gives up.
 */
import * as v from 'valibot'
import { envelope } from './envelope.ts'
import { BakError } from './errors.ts'
import { bytes, list, multiaddress } from './fields.ts'
import { type Call, callWith, type Exchange, type Opener, type Protocol, type WaitOptions } from './stream.ts'

export const NONCE_BYTES = 16
/** Addresses in one offer. */
export const MAX_OFFERED_ADDRESSES = 16

export const offer = v.object({
  type: v.literal('offer'),
  /** Where the peer listens, relayed addresses excluded. */
  addresses: list(multiaddress, MAX_OFFERED_ADDRESSES),
  /** Statements of observers about its port; empty where it could not be observed. */
  proofs: list(envelope, 2)
})
export type Offer = v.InferOutput<typeof offer>

const nonce = v.pipe(bytes(NONCE_BYTES), v.length(NONCE_BYTES))
const fromLeader = v.variant('type', [
  offer,
  v.object({ type: v.literal('ready'), nonce }),
  v.object({ type: v.literal('go') })
])
const fromFollower = v.variant('type', [offer, v.object({ type: v.literal('ready') })])
export type FromLeader = v.InferOutput<typeof fromLeader>
export type FromFollower = v.InferOutput<typeof fromFollower>

export const directProtocol: Protocol<FromLeader, FromFollower> = {
  id: '/bak/direct/1.0.0',
  request: fromLeader,
  response: fromFollower,
  timeout: 10_000,
  maxFrame: 16 * 1024
}

/** The leader's actions. */
export interface Leading {
  /** @returns whether both are to punch */
  weigh(theirs: Offer): boolean | Promise<boolean>
  /** Punches; the other has just begun, too. */
  go(nonce: Uint8Array): Promise<void>
}

/** The follower's actions. */
export interface Following {
  /** Makes its own offer. */
  answer(theirs: Offer): Promise<Omit<Offer, 'type'>>
  /** Prepares to punch; waits for a free slot where there are too many attempts. */
  prepare(theirs: Offer): Promise<void>
  go(nonce: Uint8Array): Promise<void>
}

/** The leader's end. @throws {BakError} with which the other refused */
export function leadDirect(
  open: Opener,
  mine: Promise<Omit<Offer, 'type'>>,
  nonce: Uint8Array,
  act: Leading,
  options: WaitOptions
): Promise<void> {
  return callWith(open, directProtocol, options, async exchange => {
    // it was begun before: opening the stream takes about as long
    await exchange.send({ type: 'offer', ...(await mine) })
    const theirs = await expect(exchange, 'offer')
    if (!(await act.weigh(theirs))) return
    const sent = performance.now()
    await exchange.send({ type: 'ready', nonce })
    await expect(exchange, 'ready')
    const half = (performance.now() - sent) / 2
    await exchange.send({ type: 'go' })
    // the other receives it half a round trip from now
    await new Promise(resolve => setTimeout(resolve, half))
    options.signal?.throwIfAborted()
    await act.go(nonce)
  })
}

async function expect<T extends FromFollower['type']>(exchange: Call<FromLeader, FromFollower>, type: T) {
  const message = await exchange.receive()
  if (message?.type !== type) throw new BakError('bad-message', `expected ${type}, got ${message?.type ?? 'the end'}`)
  return message as Extract<FromFollower, { type: T }>
}

/** The follower's end. */
export async function* followDirect(
  first: FromLeader,
  { receive }: Exchange<FromLeader>,
  act: Following
): AsyncGenerator<FromFollower> {
  if (first.type !== 'offer') throw new BakError('bad-message', `expected offer, got ${first.type}`)
  yield { type: 'offer', ...(await act.answer(first)) }
  const ready = await receive()
  // the leader has a direct connection already, or gave up
  if (ready === undefined) return
  if (ready.type !== 'ready') throw new BakError('bad-message', `expected ready, got ${ready.type}`)
  await act.prepare(first)
  yield { type: 'ready' }
  const go = await receive()
  if (go === undefined) return
  if (go.type !== 'go') throw new BakError('bad-message', `expected go, got ${go.type}`)
  await act.go(ready.nonce)
}
