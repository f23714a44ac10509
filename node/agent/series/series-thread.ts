/** Starts the thread that makes series, and ends it: when it is done, when it hangs on a file, and when its time is over. Little is read without one. */
import { lstatSync, rmSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { onAbort } from '../../wait.ts'
import type { FromThread, SeriesJob, SeriesMade } from './job.ts'

/** The source of the thread, where the daemon is bundled (scripts/bundle.ts). */
declare const BAK_SERIES_WORKER: string | undefined

/** A thread that says nothing for so long hangs: a pattern may take for ever on a line. It is niced, so that a busy machine holds it up, too. */
const STALL_MS = 20_000
/** Until it says something for the first time: it has to be loaded. */
const START_MS = 60_000
/** Beyond the time that it may take itself. */
const GRACE_MS = 10_000
/** Its points are outside of the heap, 24 MB. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 }
/** So much is read in 10 ms, and a thread takes 40 ms of a core: of many daemons on one machine each would take them after each sample. */
const MAX_WITHOUT_THREAD = 256 * 1024
const SPARE_STEPS = 4
/** Files that it may hang on before nothing is read. */
const MAX_HUNG = 3

export interface ThreadTimes {
  stall?: number
  grace?: number
}

/**
 * A file on which the thread hangs or dies is given up, and all others are read anew.
 * @throws {BakError} `io` if no series could be made, the reason of the signal if that aborts first: the thread is gone then, and no file is left
 */
export async function makeSeries(job: SeriesJob, signal: AbortSignal, times: ThreadTimes = {}): Promise<SeriesMade> {
  signal.throwIfAborted()
  const made = isLittle(job) ? await readHere(job) : undefined
  if (made != null) return made
  const until = performance.now() + job.time
  for (const givenUp = [...job.givenUp]; ; ) {
    const outcome = await once({ ...job, givenUp, time: until - performance.now() }, signal, times)
    if ('made' in outcome) return outcome.made
    const { file, why } = outcome
    if (file < 0 || givenUp.length - job.givenUp.length === MAX_HUNG || performance.now() > until)
      throw new BakError('io', `no series were made: ${job.files[file]?.shown ?? 'the thread'} ${why}`)
    givenUp.push([file, why])
  }
}

/** A pattern of a user may take for ever on a line of any length. */
const isLittle = ({ files }: SeriesJob) =>
  files.every(({ reader }) => !('reading' in reader)) &&
  files.reduce((sum, { path }) => sum + (lstatSync(path, { throwIfNoEntry: false })?.size ?? 0), 0) <=
    MAX_WITHOUT_THREAD

/** @returns undefined where it is more than it was: a process that was left behind may write faster than this reads */
async function readHere(job: SeriesJob): Promise<SeriesMade | undefined> {
  const { readFiles } = await import('./read-files.ts')
  // a file, and each portion of it
  let steps = 2 * job.files.length + SPARE_STEPS
  try {
    return readFiles(job, () => {
      if (--steps < 0) throw new BakError('busy', 'what is read grows')
    })
  } catch (cause) {
    if (steps < 0) return undefined
    throw asBakError(cause)
  }
}

type Outcome = { made: SeriesMade } | { file: number; why: string }

async function once(job: SeriesJob, signal: AbortSignal, times: ThreadTimes): Promise<Outcome> {
  signal.throwIfAborted()
  const { stall = STALL_MS, grace = GRACE_MS } = times
  const over = Promise.withResolvers<Outcome>()
  let file = -1
  let isMade = false
  const giveUp = (why: string) => over.resolve({ file, why })
  const hung = () => giveUp(`took longer than ${stall / 1000} s for a part of it`)
  let silence = setTimeout(() => giveUp('did not begin'), START_MS)
  const limit = setTimeout(() => giveUp('took too long'), Math.max(0, job.time) + grace)
  const worker = startWorker(job)
  worker.on('message', (message: FromThread) => {
    clearTimeout(silence)
    if ('made' in message) return over.resolve(message)
    if ('failed' in message) return over.reject(new BakError(message.code, message.failed))
    file = message.file
    silence = setTimeout(hung, stall)
  })
  worker.once('error', (cause: NodeJS.ErrnoException) => {
    const isFull = cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
    giveUp(isFull ? 'took more memory than it may' : `could not be read: ${cause.message}`)
  })
  worker.once('exit', () => giveUp('ended its thread'))
  const stop = onAbort(signal, () => over.reject(asBakError(signal.reason)))
  try {
    const outcome = await over.promise
    isMade = 'made' in outcome
    return outcome
  } finally {
    stop()
    clearTimeout(silence)
    clearTimeout(limit)
    await worker.terminate()
    if (!isMade) rmSync(`${job.output}.part`, { force: true })
  }
}

function startWorker(job: SeriesJob): Worker {
  const options = { workerData: job, env: {}, resourceLimits: LIMITS, name: 'series' }
  return typeof BAK_SERIES_WORKER === 'string'
    ? new Worker(BAK_SERIES_WORKER, { ...options, eval: true })
    : new Worker(new URL('./series-worker.ts', import.meta.url), options)
}
