/** Ends in order the runs that a killed daemon left open, and seals those that could not be sealed when they ended. */
import type { KeyObject } from 'node:crypto'
import { basename } from 'node:path'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { seal } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import { type StoredEvent, storedEvent } from '../../protocols/events.ts'
import { certificateFile, OFFER_FILE } from '../../protocols/layout.ts'
import type { ClosedPhase, Notice } from '../../protocols/notice.ts'
import { type Certificate, certificateSubject } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { statusOf } from '../../protocols/verdict.ts'
import type { Log } from '../log.ts'
import { now } from '../now.ts'
import { removeTemporaries } from '../store/atomic.ts'
import { readJournal } from '../store/journal.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { RunEvents } from './events.ts'
import { metadataOf } from './hooks/metadata.ts'
import { sealResult } from './sealing.ts'

/** A run that has ended and has no seal: its record and events in memory say so. */
export interface Unsealed {
  record: RunRecord
  events: RunEvents
}

export interface Closing {
  /** The run, if it has no seal now either. */
  unsealed?: Unsealed
  /** What the mesh must hear: nobody takes part in the run any more; nothing if nobody was asked to. */
  notice?: Notice
}

export interface AbandonedInit {
  signer: { peer: string; key: KeyObject }
  log: Log
  /** Gets the runs without a seal. */
  unsealed: Map<string, Unsealed>
}

/** Ends all runs that have no seal. @returns what the mesh must hear of them */
export async function closeAllAbandoned(
  folders: RunFolder[],
  { signer, log, unsealed }: AbandonedInit
): Promise<Notice[]> {
  const notices: Notice[] = []
  for (const folder of folders.filter(each => !each.isSealed())) {
    const run = basename(folder.root)
    try {
      const closing = await closeAbandoned(folder, signer)
      if (closing.notice != null) notices.push(closing.notice)
      if (closing.unsealed == null) continue
      unsealed.set(run, closing.unsealed)
      log.warn('no seal', { run, why: closing.unsealed.record.reason })
    } catch (cause) {
      log.warn('a run could not be closed', { run, why: asBakError(cause).message })
    }
  }
  return notices
}

/**
 * Ends a run that its controller's daemon did not live to end: its workload died with the daemon, so the run has failed; what
 * came until then is sealed, and what is still on members can be collected. A run that has its seal is left as it is.
 */
export async function closeAbandoned(folder: RunFolder, signer: { peer: string; key: KeyObject }): Promise<Closing> {
  const record = await folder.readRecord().catch(() => undefined)
  if (record == null || record.seal != null) return {}
  await removeTemporaries(folder.root)
  const { values, lost } = await loadWhole(folder.journal)
  const events = await RunEvents.open(folder.journal, values, () => {})
  Object.assign(record, {
    state: 'ended',
    verdict: 'failed',
    reason: reasonOf(record, values),
    ended: record.ended ?? values.at(-1)?.at ?? Date.now(),
    phase: undefined,
    partial: record.state !== 'ended' || record.partial
  })
  record.status = statusOf('failed')
  if (lost != null) events.store({ type: 'warning', text: lost })
  const closed = isTerminated(values)
    ? undefined
    : await certifyEnd(folder, record, values, signer).catch(() => undefined)
  if (closed != null) {
    const { seq, phase, verdict, ok, asked, certificate } = closed
    events.store({ type: 'phase-closed', seq, phase, verdict, ok, asked, took: 0, reason: record.reason, certificate })
  }
  await folder.writeMetadata(metadataOf(record)).catch(() => {})
  const why = await sealResult({ record, events, folder, signer })
  const { run, epoch } = record
  return {
    unsealed: why == null ? undefined : { record, events },
    notice: closed == null ? undefined : { run, epoch, phases: [closed], holders: [] }
  }
}

const isTerminated = (values: StoredEvent[]) =>
  values.some(event => event.type === 'phase-closed' && event.phase === 'terminate')

function reasonOf({ state, reason }: RunRecord, values: StoredEvent[]): string {
  if (state === 'ended' && reason != null) return reason
  if (values.some(({ type }) => type === 'ended'))
    return 'the daemon of the controller ended before the result was sealed'
  return 'the daemon of the controller ended in mid run'
}

/** @returns the events up to where the journal is damaged, and what is lost */
async function loadWhole(path: string): Promise<{ values: StoredEvent[]; lost?: string }> {
  const values: StoredEvent[] = []
  const reading = readJournal<StoredEvent>(path, storedEvent as never)
  try {
    for (;;) {
      const next = await reading.next()
      if (!next.done) values.push(next.value)
      else if (next.value.torn === 0) return { values }
      else return { values, lost: `the journal was cut off: ${next.value.torn} bytes of its last line are lost` }
    }
  } catch (cause) {
    return { values, lost: `the journal is damaged: ${asBakError(cause).message}` }
  }
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

async function digestOfOffer(folder: RunFolder): Promise<string | undefined> {
  const offer = await folder.readEnvelope(OFFER_FILE)
  return offer == null ? undefined : digestOf(encode(offer))
}
