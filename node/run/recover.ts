/** Ends in order the runs that a killed daemon left open. */
import type { KeyObject } from 'node:crypto'
import { type StoredEvent, storedEvent } from '../../protocols/events.ts'
import { METADATA_FILE } from '../../protocols/layout.ts'
import { statusOf } from '../../protocols/verdict.ts'
import { removeTemporaries, writeAtomic } from '../store/atomic.ts'
import { loadJournal } from '../store/journal.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { RunEvents } from './events.ts'
import { metadataOf } from './hooks/metadata.ts'

/**
 * Ends a run that its controller's daemon did not live to end: its workload died with the daemon, so the run has failed; what
 * came until then is sealed, and what is still on members can be collected. A run that ended is left as it is.
 */
export async function closeAbandoned(folder: RunFolder, signer: { peer: string; key: KeyObject }): Promise<void> {
  const record = await folder.readRecord().catch(() => undefined)
  if (record == null || record.seal != null) return
  await removeTemporaries(folder.root)
  const { values, torn } = await loadJournal<StoredEvent>(folder.journal, storedEvent as never)
  const events = await RunEvents.open(folder.journal, values, () => {})
  const reason = 'the daemon of the controller ended in mid run'
  Object.assign(record, {
    state: 'ended',
    verdict: 'failed',
    reason,
    ended: Date.now(),
    phase: undefined,
    partial: true
  })
  record.status = statusOf('failed')
  if (torn > 0)
    events.store({ type: 'warning', text: `the journal was cut off: ${torn} bytes of its last line are lost` })
  const { excluded, shortfalls, beside, sent, status } = record
  const bytes = sent.reduce((sum, each) => sum + each.bytes, 0)
  const took = (record.ended as number) - record.created
  events.store(
    {
      type: 'ended',
      verdict: 'failed',
      status,
      partial: true,
      reason,
      excluded,
      shortfalls,
      beside,
      bytes,
      took,
      folder: folder.root
    },
    { sync: true }
  )
  await events.close()
  await writeAtomic(folder.path(METADATA_FILE), metadataOf(record))
  await folder.seal(record, signer)
}
