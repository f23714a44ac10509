/** Ends in order the runs that a killed daemon left open, and seals those that could not be sealed when they ended. */
import { basename } from 'node:path'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Signer, seal } from '../../protocols/envelope.ts'
import { asBakError } from '../../protocols/errors.ts'
import { type StoredEvent, storedEvent } from '../../protocols/events.ts'
import { cutText } from '../../protocols/fields.ts'
import { certificateFile, OFFER_FILE } from '../../protocols/layout.ts'
import type { Notice } from '../../protocols/notice.ts'
import { type Certificate, certificateSubject } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { statusOf } from '../../protocols/verdict.ts'
import type { Log } from '../log.ts'
import { now } from '../now.ts'
import { removeTemporaries, writeAtomic } from '../store/atomic.ts'
import type { JobRecords } from '../store/job-records.ts'
import { readJournal } from '../store/journal.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { Announcements } from './announcements.ts'
import { RunEvents } from './events.ts'
import { metadataOf } from './hooks/metadata.ts'
import { noteIterations } from './iterations.ts'
import { rebuildRecord } from './rebuild-record.ts'
import { reconcile } from './reconcile.ts'
import { recoverJobs } from './recovered-jobs.ts'
import type { RecoveryNotices } from './recovery-notices.ts'
import { type ResultToSeal, sealResult } from './sealing.ts'
import { announcedIn } from './unsigned-files.ts'

/** A run that has ended and has no seal: its record and events in memory say so. */
export interface Unsealed {
  record: RunRecord
  events: RunEvents
}

export interface AbandonedInit {
  signer: Signer
  log: Log
  /** Gets the runs without a seal. */
  unsealed: Map<string, Unsealed>
  /** Where the mesh is told that nobody takes part in them any more. */
  notices: Pick<RecoveryNotices, 'add'>
  /** What this peer knows of jobs: results that members had signed, and what became of each. */
  jobRecords?: JobsKnown
}

export type JobsKnown = Pick<JobRecords, 'resultsOf' | 'note'>

/** Ends all runs that have no seal. */
export async function closeAllAbandoned(
  folders: RunFolder[],
  { signer, log, unsealed, notices, jobRecords }: AbandonedInit
): Promise<void> {
  for (const folder of folders.filter(each => !each.isSealed())) {
    const run = basename(folder.root)
    try {
      const left = await closeAbandoned(folder, signer, { notices, jobRecords })
      if (left == null) continue
      unsealed.set(run, left)
      log.warn('no seal', { run, why: left.record.reason })
    } catch (cause) {
      log.warn('a run could not be closed', { run, why: asBakError(cause).message })
    }
  }
}

/**
 * Ends a run that its controller's daemon did not live to end: its workload died with the daemon, so the run has failed; what
 * came until then is sealed, and what is still on members can be collected. A run that has its seal is left as it is.
 * @param notices where the mesh is told that nobody takes part in it any more
 * @param jobRecords where what became of its jobs is told
 * @returns the run if it has no seal now either
 */
export async function closeAbandoned(
  folder: RunFolder,
  signer: Signer,
  { notices, jobRecords }: Partial<Pick<AbandonedInit, 'notices' | 'jobRecords'>> = {}
): Promise<Unsealed | undefined> {
  const record = await folder.readRecord().catch(() => undefined)
  if (record == null || record.seal != null) return undefined
  for (const each of [folder.root, folder.certificates]) await removeTemporaries(each)
  await folder.cutFileLists()
  const { values, lost } = await closeGaps(folder.journal, await loadWhole(folder.journal))
  const events = await RunEvents.open(folder.journal, values, () => {})
  rebuildRecord(record, values)
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
  await reconcile({ folder, record, events }).catch(cause =>
    events.store({
      type: 'warning',
      text: `its certificates cannot be read: ${asBakError(cause).message}`.slice(0, 1024)
    })
  )
  await recoverJobs({ folder, record, events: values, results: jobRecords?.resultsOf(record.run) ?? [] }).then(
    jobs => jobRecords?.note(record.run, jobs),
    cause => events.store({ type: 'warning', text: cutText(`its jobs cannot be told: ${asBakError(cause).message}`) })
  )
  noteIterations(record)
  record.partial ||= record.excluded.length > 0
  // of messages that cannot be read nothing is known
  const announced = await announcedIn(folder).catch(() => new Announcements())
  const notice = await certifyEnd({ folder, record, events, signer }).catch(() => undefined)
  if (notice != null) notices?.add(notice)
  await folder.writeMetadata(metadataOf(record)).catch(() => {})
  return (await sealResult({ record, events, folder, signer, announced })) == null ? undefined : { record, events }
}

function reasonOf({ state, reason }: RunRecord, values: StoredEvent[]): string {
  if (state === 'ended' && reason != null) return reason
  if (values.some(({ type }) => type === 'ended'))
    return 'the daemon of the controller ended before the result was sealed'
  return 'the daemon of the controller ended in mid run'
}

/** @returns the events up to where the journal is damaged, and what is lost */
async function loadWhole(path: string): Promise<Loaded> {
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

interface Loaded {
  values: StoredEvent[]
  lost?: string
}

/** A full disk takes some lines and not others: the events that are there are numbered anew, as those to come are. */
async function closeGaps(path: string, loaded: Loaded): Promise<Loaded> {
  const { values, lost } = loaded
  if (values.every(({ n }, i) => n === i)) return loaded
  const missing = 1 + Math.max(...values.map(({ n }) => n)) - values.length
  const numbered = values.map((each, n) => ({ ...each, n }))
  await writeAtomic(path, numbered.map(each => `${JSON.stringify(each)}\n`).join(''))
  return { values: numbered, lost: [lost, `${missing} events could not be written`].filter(Boolean).join('; ') }
}

/**
 * Nobody answered this `terminate`: its certificate only says, signed, that the run is over.
 * @returns what the mesh must hear; nothing where nobody was asked to join, or all had heard of the end
 */
async function certifyEnd({
  folder,
  record,
  events,
  signer
}: Omit<ResultToSeal, 'announced'>): Promise<Notice | undefined> {
  const { run, epoch, manifest, roster, excluded, reason } = record
  const offer = await folder.readEnvelope(OFFER_FILE).catch(() => undefined)
  const subject = manifest ?? (offer == null ? undefined : digestOf(encode(offer)))
  const { past } = events
  const isClosed = past.some(event => event.type === 'phase-closed' && event.phase === 'terminate')
  if (subject == null || isClosed) return undefined
  const seq = 1 + Math.max(0, ...past.map(event => ('seq' in event ? event.seq : 0)))
  const asked = Math.max(1, roster.length - excluded.length)
  const outcome = { seq, phase: 'terminate' as const, subject, verdict: 'failed' as const, asked }
  const about = { ...outcome, needed: asked, excluded: [], closed: now() }
  const certificate: Certificate = { run, epoch, ...about, acks: [] }
  const sealed = seal(certificateSubject, certificate, signer)
  await folder.writeEnvelope(certificateFile(certificate), sealed)
  const digest = digestOf(encode(sealed))
  const { verdict, phase } = outcome
  events.store({ type: 'phase-closed', seq, phase, verdict, ok: 0, asked, took: 0, reason, certificate: digest })
  return { run, epoch, phases: [{ ...about, ok: 0, certificate: digest }], holders: [] }
}
