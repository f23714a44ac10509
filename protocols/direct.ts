/**
 * How two peers that have a relayed connection find a direct one. The peer with the smaller id leads, and opens the stream.
 * Each tells the other where it can be dialled, and what observers saw of a port that it holds ready (`offer`). Who finds an
 * address in that which it can dial, does. If nothing comes of it both begin at the same time to connect to each other's
 * outside: the leader sends `ready` with a nonce, the other answers `ready`, which measures the way, and the leader sends
 * `go`; each socket that comes about is tried with the nonce. The leader ends the stream when it has a direct connection,
 * or gives up.
 */
import * as v from 'valibot'
import { envelope } from './envelope.ts'
import { BakError } from './errors.ts'
import { bytes, list, multiaddress } from './fields.ts'
import { type Call, call, type Exchange, type Opener, type Protocol, type WaitOptions } from './stream.ts'

export const NONCE_BYTES = 16

export const offer = v.object({
  type: v.literal('offer'),
  /** Where the peer listens, as far as others may reach it there. */
  addresses: list(multiaddress, 16),
  /** What observers signed about its port; none where it could not be observed. */
  proofs: list(envelope, 2)
})
export type Offer = v.InferOutput<typeof offer>

const nonce = v.pipe(bytes(NONCE_BYTES), v.length(NONCE_BYTES))
const fromLeader = v.variant('type', [
  offer,
  v.object({ type: v.literal('ready'), nonce }),
  v.object({ type: v.literal('go') })
])
const fromOther = v.variant('type', [offer, v.object({ type: v.literal('ready') })])
export type FromLeader = v.InferOutput<typeof fromLeader>
export type FromOther = v.InferOutput<typeof fromOther>

export const directProtocol: Protocol<FromLeader, FromOther> = {
  id: '/bak/direct/1.0.0',
  request: fromLeader,
  response: fromOther,
  timeout: 10_000,
  maxFrame: 16 * 1024
}

/** What the leader does in it. */
export interface Leading {
  /** @returns whether both are to connect to each other's outside */
  weigh(theirs: Offer): boolean | Promise<boolean>
  /** Connects; the other has just begun, too. */
  go(theirs: Offer, nonce: Uint8Array): Promise<void>
}

/** What the other does in it. */
export interface Following {
  /** Makes its own offer. */
  answer(theirs: Offer): Promise<Omit<Offer, 'type'>>
  /** Makes ready, waiting for its turn if it must. */
  prepare(theirs: Offer): Promise<void>
  go(theirs: Offer, nonce: Uint8Array): Promise<void>
}

/** The leader's end: from the offers to the attempt. @throws {BakError} what the other refused it with */
export async function leadDirect(
  open: Opener,
  mine: Promise<Omit<Offer, 'type'>>,
  nonce: Uint8Array,
  act: Leading,
  options: WaitOptions
): Promise<void> {
  // opening takes as long as making the offer
  const [exchange, offer] = await Promise.all([call(open, directProtocol, options), mine])
  try {
    await exchange.send({ type: 'offer', ...offer })
    const theirs = await expect(exchange, 'offer')
    if (!(await act.weigh(theirs))) return
    const asked = performance.now()
    await exchange.send({ type: 'ready', nonce })
    await expect(exchange, 'ready')
    const half = (performance.now() - asked) / 2
    await exchange.send({ type: 'go' })
    // the other hears it half a round trip from now
    await new Promise(resolve => setTimeout(resolve, half))
    options.signal?.throwIfAborted()
    await act.go(theirs, nonce)
  } catch (error) {
    exchange.abort(error as Error)
    throw error
  } finally {
    await exchange.close()
  }
}

async function expect<T extends FromOther['type']>(exchange: Call<FromLeader, FromOther>, type: T) {
  const message = await exchange.receive()
  if (message?.type !== type) throw new BakError('bad-message', `expected ${type}, got ${message?.type ?? 'the end'}`)
  return message as Extract<FromOther, { type: T }>
}

/** The other's end. */
export async function* followDirect(
  first: FromLeader,
  { receive }: Exchange<FromLeader>,
  act: Following
): AsyncGenerator<FromOther> {
  if (first.type !== 'offer') throw new BakError('bad-message', `expected offer, got ${first.type}`)
  yield { type: 'offer', ...(await act.answer(first)) }
  const ready = await receive()
  // the leader found a shorter way, or none
  if (ready === undefined) return
  if (ready.type !== 'ready') throw new BakError('bad-message', `expected ready, got ${ready.type}`)
  await act.prepare(first)
  yield { type: 'ready' }
  const go = await receive()
  if (go === undefined) return
  if (go.type !== 'go') throw new BakError('bad-message', `expected go, got ${go.type}`)
  await act.go(first, ready.nonce)
}
