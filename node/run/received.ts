/** What became of a tarball that arrived, in the record and the journal of its run: alike while the run goes on and when it is collected. */
import { cutText } from '../../protocols/fields.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { cutMissing } from '../../protocols/shortfall.ts'
import type { TarballOffer } from '../../protocols/tarball.ts'
import type { RunEvents } from './events.ts'
import type { Transfer } from './receiver.ts'
import { MAX_SHORTFALLS } from './run-context.ts'

/** @param from the member. What it sent and is not here makes the result partial, and is named in it */
export function noteReceived(
  { record, events }: { record: RunRecord; events: Pick<RunEvents, 'store'> },
  from: { peer: string; name: string },
  { what, digest, bytes }: TarballOffer,
  { took, path, carrier, refused, renamed }: Transfer
): void {
  record.sent.push({ ...from, what, digest, bytes, arrived: true, path, carrier })
  events.store({ type: 'received', ...from, what, digest, bytes, took, path, carrier })
  for (const text of renamed) events.store({ type: 'warning', text: cutText(`${from.name}: ${text}`) })
  if (refused.length > 0) record.partial = true
  for (const { path: what, reason } of refused) {
    const entry = cutMissing({ kind: 'file', member: from.name, what, reason: `refused: ${reason}` })
    events.store({ type: 'refused', peer: from.peer, what: entry.what, code: 'not-allowed', reason: cutText(reason) })
    if (record.shortfalls.length < MAX_SHORTFALLS) record.shortfalls.push(entry)
  }
}
