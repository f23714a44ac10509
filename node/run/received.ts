/** What the record and the journal say of a tarball that is in its place. */
import type { RunRecord } from '../../protocols/record.ts'
import type { TarballOffer } from '../../protocols/tarball.ts'
import type { RunEvents } from './events.ts'
import type { Transfer } from './receiver.ts'

const NOT_TAKEN = 'not a plain file in a folder of its own'

interface From {
  peer: string
  name: string
}

export function noteReceived(
  { record, events }: { record: RunRecord; events: RunEvents },
  from: From,
  { what, digest, bytes }: TarballOffer,
  { took, path, carrier, files, refused, refusedPaths = [] }: Transfer
): void {
  record.sent.push({ ...from, what, digest, bytes, arrived: true, files, path, carrier })
  events.store({ type: 'received', ...from, what, digest, bytes, took, files, path, carrier })
  for (const entry of refused)
    events.store({ type: 'refused', peer: from.peer, what: entry, code: 'not-allowed', reason: NOT_TAKEN })
  if (refused.length === 0) return
  record.partial = true
  record.refused = [...(record.refused ?? []), ...refusedPaths.map(path => ({ path, reason: NOT_TAKEN }))]
}
