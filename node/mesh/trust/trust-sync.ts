/** Syncs the trust entries of two peers: each sends only what the other lacks. */
import { BakError } from '../../../protocols/errors.ts'
import { callWith, type Exchange, type Opener } from '../../../protocols/stream.ts'
import {
  ENTRIES_PER_FRAME,
  MAX_TRUST_ENTRIES,
  type TrustEntry,
  type TrustRequest,
  type TrustResponse,
  trustEntryId,
  trustProtocol
} from '../../../protocols/trust-entries.ts'
import type { TrustLog } from './trust-log.ts'

/** Frames of entries in one sync: enough for all that a peer keeps, and an empty one at the end. */
const MAX_FRAMES = Math.ceil(MAX_TRUST_ENTRIES / ENTRIES_PER_FRAME) + 1

export interface TrustSyncing {
  log: TrustLog
  /** Checks and adds an entry from `peer`; what it throws ends the exchange. */
  add(entry: TrustEntry, peer: string): void
}

/** The caller's end. */
export function syncTrust(open: Opener, peer: string, { log, add }: TrustSyncing): Promise<void> {
  return callWith(open, trustProtocol, {}, async exchange => {
    await exchange.send({ type: 'have', ids: log.ids() })
    for (let frames = 1; ; frames++) {
      const next = await exchange.receive()
      if (next === undefined) break
      if (frames > MAX_FRAMES) throw new BakError('bad-message', `${peer} sends more trust entries than a peer keeps`)
      for (const each of next.entries) add(each, peer)
      for (const portion of portions(all(log, next.want))) await exchange.send({ type: 'give', entries: portion })
      if (next.entries.length < ENTRIES_PER_FRAME) break
    }
  })
}

/** The other end. */
export async function* answerTrustSync(
  first: TrustRequest,
  { peer, receive }: Exchange<TrustRequest>,
  { log, add }: TrustSyncing
): AsyncGenerator<TrustResponse> {
  // entries that were not asked for are ignored, as is a second copy
  const wanted = new Set<string>()
  if (first.type === 'have') {
    const theirs = new Set(first.ids)
    const missing = all(
      log,
      log.ids().filter(id => !theirs.has(id))
    )
    for (const id of first.ids) if (!log.has(id)) wanted.add(id)
    const frames = portions(missing)
    // the last frame is the one that is not full
    if (frames.length === 0 || frames.at(-1)?.length === ENTRIES_PER_FRAME) frames.push([])
    for (const [i, portion] of frames.entries())
      yield { entries: portion, want: i === frames.length - 1 ? [...wanted] : [] }
  }
  for (let next = await receive(); next !== undefined; next = await receive()) {
    if (next.type !== 'give') throw new BakError('bad-message', 'a sync begins once')
    for (const each of next.entries) if (wanted.delete(trustEntryId(each))) add(each, peer)
  }
}

const all = (log: TrustLog, ids: string[]): TrustEntry[] =>
  [...new Set(ids)].map(id => log.get(id)).filter(each => each != null)

function portions<T>(all: T[]): T[][] {
  const count = Math.ceil(all.length / ENTRIES_PER_FRAME)
  return Array.from({ length: count }, (_, i) => all.slice(i * ENTRIES_PER_FRAME, (i + 1) * ENTRIES_PER_FRAME))
}
