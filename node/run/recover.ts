/** Ends in order the runs that a killed daemon left open. */
import type { KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { seal } from '../../protocols/envelope.ts'
import { type StoredEvent, storedEvent } from '../../protocols/events.ts'
import { certificateFile, METADATA_FILE, OFFER_FILE } from '../../protocols/layout.ts'
import type { ClosedPhase, Notice } from '../../protocols/notice.ts'
import { type Certificate, certificateSubject } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { statusOf } from '../../protocols/verdict.ts'
import { now } from '../now.ts'
import { removeTemporaries, writeAtomic } from '../store/atomic.ts'
import { loadJournal } from '../store/journal.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { RunEvents } from './events.ts'
import { metadataOf } from './hooks/metadata.ts'

/**
 * Ends a run that its controller's daemon did not live to end: its workload died with the daemon, so the run has failed; what
 * came until then is sealed, and what is still on members can be collected. A run that ended is left as it is.
 * @returns what the mesh must hear: nobody takes part in it any more; nothing if nobody was asked to
 */
export async function closeAbandoned(
  folder: RunFolder,
  signer: { peer: string; key: KeyObject }
): Promise<Notice | undefined> {
  const record = await folder.readRecord().catch(() => undefined)
  if (record == null || record.seal != null) return undefined
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
  record.status = statusOf('failed', true)
  if (torn > 0)
    events.store({ type: 'warning', text: `the journal was cut off: ${torn} bytes of its last line are lost` })
  const closed = await certifyEnd(folder, record, values, signer)
  if (closed != null) {
    const { seq, phase, verdict, ok, asked, certificate } = closed
    events.store({ type: 'phase-closed', seq, phase, verdict, ok, asked, took: 0, reason, certificate })
  }
  const { excluded, sent, status } = record
  const bytes = sent.reduce((sum, each) => sum + each.bytes, 0)
  const took = Math.max(0, (record.ended as number) - record.created)
  events.store(
    { type: 'ended', verdict: 'failed', status, partial: true, reason, excluded, bytes, took, folder: folder.root },
    { sync: true }
  )
  await events.close()
  await writeAtomic(folder.path(METADATA_FILE), metadataOf(record))
  await folder.seal(record, signer)
  return closed == null ? undefined : { run: record.run, epoch: record.epoch, phases: [closed], holders: [] }
}

/** Nobody answered this `terminate`: its certificate only says, signed, that the run is over. */
async function certifyEnd(
  folder: RunFolder,
  { run, epoch, manifest, roster, excluded }: RunRecord,
  events: StoredEvent[],
  signer: { peer: string; key: KeyObject }
): Promise<ClosedPhase | undefined> {
  const subject = manifest ?? (await digestOfOffer(folder))
  if (subject == null) return undefined
  const seq = 1 + Math.max(0, ...events.map(event => ('seq' in event ? event.seq : 0)))
  const asked = Math.max(1, roster.length - excluded.length)
  const outcome = { seq, phase: 'terminate' as const, subject, verdict: 'failed' as const, needed: asked, asked }
  const certificate: Certificate = { run, epoch, ...outcome, acks: [], excluded: [], closed: now() }
  const sealed = seal(certificateSubject, certificate, signer)
  await folder.writeEnvelope(certificateFile(certificate), sealed)
  return { ...outcome, ok: 0, excluded: [], closed: certificate.closed, certificate: digestOf(encode(sealed)) }
}

const digestOfOffer = (folder: RunFolder): Promise<string | undefined> =>
  readFile(folder.path(OFFER_FILE)).then(
    bytes => digestOf(new Uint8Array(bytes)),
    () => undefined
  )
