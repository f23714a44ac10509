/** What became of a tarball that arrived, in the record and the journal of its run: alike while the run goes on and when it is collected. */
import { basename } from 'node:path/posix'
import { MAX_FILES_OF_EVENT } from '../../protocols/events.ts'
import { cutText } from '../../protocols/fields.ts'
import { MAX_NAMED_FILES, type RunRecord } from '../../protocols/record.ts'
import { cutMissing } from '../../protocols/shortfall.ts'
import type { TarballOffer } from '../../protocols/tarball.ts'
import { printable } from '../store/entries.ts'
import type { RefusedEntry } from '../store/unpack.ts'
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
  const remarks = { renamed: some(renamed), refused: some(refused.map(cut)) }
  events.store({ type: 'received', ...from, what, digest, bytes, took, files, path, carrier, ...remarks })
  for (const { path, as } of renamed) {
    const text = `${from.name}: ${printable(path)}: arrived as ${printable(basename(as))}, since the name is taken`
    events.store({ type: 'warning', text: cutText(text) })
  }
  noteFiles(record, { renamed, refused: refused.map(cut) })
  for (const { path, reason } of refused) {
    const entry = cutMissing({ kind: 'file', member: from.name, what: printable(path), reason: `refused: ${reason}` })
    events.store({ type: 'refused', peer: from.peer, what: entry.what, code: 'not-allowed', reason: cutText(reason) })
    if (record.shortfalls.length < MAX_SHORTFALLS) record.shortfalls.push(entry)
  }
}

const cut = (each: RefusedEntry) => ({ ...each, reason: cutText(each.reason) })
const some = <T>(all: T[]) => (all.length > 0 ? all.slice(0, MAX_FILES_OF_EVENT) : undefined)

/** Names files of a tarball that are not under their names, or not here, in the record: as many as that can name. */
export function noteFiles(
  record: RunRecord,
  { renamed = [], refused = [] }: Pick<RunRecord, 'renamed' | 'refused'>
): void {
  if (renamed.length > 0) record.renamed = [...(record.renamed ?? []), ...renamed].slice(0, MAX_NAMED_FILES)
  if (refused.length === 0) return
  record.partial = true
  record.refused = [...(record.refused ?? []), ...refused].slice(0, MAX_NAMED_FILES)
}
