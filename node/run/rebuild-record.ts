/** Completes the record of a run whose daemon was killed: the journal and the manifest may be ahead of it. */
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { open } from '../../protocols/envelope.ts'
import type { StoredEvent } from '../../protocols/events.ts'
import { MANIFEST_FILE } from '../../protocols/layout.ts'
import { manifestSubject } from '../../protocols/manifest.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { RunFolder } from '../store/run-folder.ts'

/** The record was written at the end of a phase, with the first of these events or all. */
export async function rebuildRecord(record: RunRecord, events: StoredEvent[], folder: RunFolder): Promise<void> {
  const all = <T extends StoredEvent['type']>(type: T) =>
    events.filter((event): event is Extract<StoredEvent, { type: T }> => event.type === type).map(facts)
  record.excluded = longer(record.excluded, all('excluded'))
  record.shortfalls = longer(record.shortfalls, all('shortfall'))
  record.workload = longer(record.workload, all('workload-ended'))
  record.beside = longer(record.beside, all('beside'))
  const received = all('received').map(({ took: _, ...tarball }) => ({ ...tarball, arrived: true }))
  record.sent = longer(record.sent, received)
  const sealed = await folder.readEnvelope(MANIFEST_FILE).catch(() => undefined)
  if (record.manifest != null || sealed == null) return
  record.manifest = digestOf(encode(sealed))
  record.roster = open(manifestSubject, sealed).value.roster
}

/** A journal that was damaged may be behind. */
const longer = <T>(known: T[], stored: T[]): T[] => (stored.length > known.length ? stored : known)

/** @returns what an entry of the record has of an event */
function facts<T extends StoredEvent>({ n: _, at: __, type: ___, ...rest }: T): Omit<T, 'n' | 'at' | 'type'> {
  return rest
}
