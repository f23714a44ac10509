/** Makes what two peers know of the mesh's decisions equal; what travels is what one of them has not. */
import { BakError } from '../../../protocols/errors.ts'
import { call, type Exchange, type Opener } from '../../../protocols/stream.ts'
import {
  FACTS_PER_FRAME,
  type Fact,
  factId,
  MAX_FACTS,
  type TrustRequest,
  type TrustResponse,
  trustProtocol
} from '../../../protocols/trust.ts'
import type { TrustLog } from './trust-log.ts'

/** Frames of facts in one swap: as many as there may be, and an empty one at the end. */
const MAX_FRAMES = Math.ceil(MAX_FACTS / FACTS_PER_FRAME) + 1

export interface TrustSyncing {
  facts: TrustLog
  /** Checks and learns what comes from `peer`; what it throws ends the exchange. */
  take(fact: Fact, peer: string): void
}

/** The side that asks. */
export async function syncTrust(open: Opener, peer: string, { facts, take }: TrustSyncing): Promise<void> {
  const exchange = await call(open, trustProtocol)
  try {
    await exchange.send({ type: 'have', ids: facts.ids() })
    for (let frames = 1; ; frames++) {
      const next = await exchange.receive()
      if (next === undefined) break
      if (frames > MAX_FRAMES) throw new BakError('bad-message', `${peer} gives more decisions than there may be`)
      for (const each of next.facts) take(each, peer)
      for (const portion of portions(all(facts, next.want))) await exchange.send({ type: 'give', facts: portion })
      if (next.facts.length < FACTS_PER_FRAME) break
    }
    await exchange.close()
  } catch (error) {
    exchange.abort(error as Error)
    throw error
  }
}

/** The other side. */
export async function* answerTrustSync(
  first: TrustRequest,
  { peer, receive }: Exchange<TrustRequest>,
  { facts, take }: TrustSyncing
): AsyncGenerator<TrustResponse> {
  // what was not asked for is not looked at, nor anything twice
  const wanted = new Set<string>()
  if (first.type === 'have') {
    const theirs = new Set(first.ids)
    const missing = all(
      facts,
      facts.ids().filter(id => !theirs.has(id))
    )
    for (const id of first.ids) if (!facts.has(id)) wanted.add(id)
    const frames = portions(missing)
    // the last frame is the one that is not full
    if (frames.length === 0 || frames.at(-1)?.length === FACTS_PER_FRAME) frames.push([])
    for (const [i, portion] of frames.entries())
      yield { facts: portion, want: i === frames.length - 1 ? [...wanted] : [] }
  }
  for (let next = await receive(); next !== undefined; next = await receive()) {
    if (next.type !== 'give') throw new BakError('bad-message', 'a swap begins once')
    for (const each of next.facts) if (wanted.delete(factId(each))) take(each, peer)
  }
}

const all = (facts: TrustLog, ids: string[]): Fact[] =>
  [...new Set(ids)].map(id => facts.get(id)).filter(each => each != null)

function portions<T>(all: T[]): T[][] {
  const count = Math.ceil(all.length / FACTS_PER_FRAME)
  return Array.from({ length: count }, (_, i) => all.slice(i * FACTS_PER_FRAME, (i + 1) * FACTS_PER_FRAME))
}
