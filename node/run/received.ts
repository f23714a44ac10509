/** What became of a tarball that arrived, in the record and the journal of its run: alike while the run goes on and when it is collected. */
import { basename } from 'node:path/posix'
import { cutText } from '../../protocols/fields.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { cutMissing } from '../../protocols/shortfall.ts'
import type { TarballOffer } from '../../protocols/tarball.ts'
import { printable } from '../store/entries.ts'
import type { RunEvents } from './events.ts'
import type { Transfer } from './receiver.ts'
import { MAX_SHORTFALLS } from './run-context.ts'

/** @param from the member. What it sent and is not here makes the result partial, and is named in it */
export function noteReceived(
  { record, events }: { record: RunRecord; events: Pick<RunEvents, 'store'> },
  from: { peer: string; name: string },
  { what, digest, bytes }: TarballOffer,
  { took, path, carrier, files, refused, renamed }: Transfer
): void {
  record.sent.push({ ...from, what, digest, bytes, arrived: true, files, path, carrier })
  events.store({ type: 'received', ...from, what, digest, bytes, took, files, path, carrier })
  for (const { path, as } of renamed) {
    const text = `${from.name}: ${printable(path)}: arrived as ${printable(basename(as))}, since the name is taken`
    events.store({ type: 'warning', text: cutText(text) })
  }
  if (renamed.length > 0) record.renamed = [...(record.renamed ?? []), ...renamed]
  if (refused.length === 0) return
  record.partial = true
  record.refused = [...(record.refused ?? []), ...refused.map(each => ({ ...each, reason: cutText(each.reason) }))]
  for (const { path, reason } of refused) {
    const entry = cutMissing({ kind: 'file', member: from.name, what: printable(path), reason: `refused: ${reason}` })
    events.store({ type: 'refused', peer: from.peer, what: entry.what, code: 'not-allowed', reason: cutText(reason) })
    if (record.shortfalls.length < MAX_SHORTFALLS) record.shortfalls.push(entry)
  }
}
