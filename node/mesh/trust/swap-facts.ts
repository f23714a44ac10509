/** Makes what two peers know of the mesh's decisions equal; what travels is what one of them has not. */
import { call, type Exchange, type Opener } from '../../../protocols/stream.ts'
import {
  FACTS_PER_FRAME,
  type Fact,
  type TrustRequest,
  type TrustResponse,
  trustProtocol
} from '../../../protocols/trust.ts'
import type { Facts } from './facts.ts'

export interface FactSwapping {
  facts: Facts
  /** Checks and learns what comes from `peer`; what it throws ends the exchange. */
  take(fact: Fact, peer: string): void
}

/** The side that asks. */
export async function swapFacts(open: Opener, peer: string, { facts, take }: FactSwapping): Promise<void> {
  const exchange = await call(open, trustProtocol)
  try {
    await exchange.send({ type: 'have', ids: facts.ids() })
    for (let next = await exchange.receive(); next !== undefined; next = await exchange.receive()) {
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
export async function* answerFacts(
  first: TrustRequest,
  { peer, receive }: Exchange<TrustRequest>,
  { facts, take }: FactSwapping
): AsyncGenerator<TrustResponse> {
  if (first.type === 'have') {
    const theirs = new Set(first.ids)
    const missing = all(
      facts,
      facts.ids().filter(id => !theirs.has(id))
    )
    const want = first.ids.filter(id => !facts.has(id))
    const frames = portions(missing)
    // the last frame is the one that is not full
    if (frames.length === 0 || frames.at(-1)?.length === FACTS_PER_FRAME) frames.push([])
    for (const [i, portion] of frames.entries()) yield { facts: portion, want: i === frames.length - 1 ? want : [] }
  }
  for (let next = await receive(); next !== undefined; next = await receive()) {
    if (next.type === 'give') for (const each of next.facts) take(each, peer)
  }
}

const all = (facts: Facts, ids: string[]): Fact[] => ids.map(id => facts.get(id)).filter(each => each != null)

function portions<T>(all: T[]): T[][] {
  const count = Math.ceil(all.length / FACTS_PER_FRAME)
  return Array.from({ length: count }, (_, i) => all.slice(i * FACTS_PER_FRAME, (i + 1) * FACTS_PER_FRAME))
}
