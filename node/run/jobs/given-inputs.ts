/**
 * What jobs have in their inputs that no job has made: files and folders of the caller and what has an address are taken into the store of this
 * peer before anybody is asked to join, what is in the result before the jobs that report on it. Members fetch it from here.
 */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BakError } from '../../../protocols/errors.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import { inputsOf, type PlannedInput } from '../../../protocols/jobs/job-inputs.ts'
import type { Artifacts } from '../../artifacts/artifacts.ts'
import { scanTree } from '../../artifacts/scan-tree.ts'
import type { RunContext } from '../run-context.ts'
import { driverOwnerOf } from '../staging-import.ts'
import { type GivenInput, givenKey } from './graph-init.ts'

/** The record and certificates of the phase before may still get their names while the folder is read. */
const TRIES = 3
const TRY_AGAIN_MS = 50

type Source = Exclude<PlannedInput['from'], { type: 'job' }>
type Content = Pick<GivenInput, 'digest' | 'bytes'>

type OfRun = Pick<RunContext, 'id' | 'order' | 'folder' | 'parts'>

/**
 * Takes the inputs of these kinds; each source once, however many jobs have it.
 * @throws {BakError} naming the job and its input: `usage`, `no-space`, `io`, what fetching throws, the reason of the signal
 */
export async function takeGiven(
  jobs: Job[],
  types: Source['type'][],
  run: OfRun,
  signal: AbortSignal
): Promise<Map<string, GivenInput>> {
  const { store } = run.parts.artifacts
  const given = new Map<string, GivenInput>()
  const taken = new Map<string, Content>()
  for (const { job, at, from } of sourcesOf(jobs, types)) {
    const key = JSON.stringify(from)
    const content = taken.get(key) ?? (await named(job, at, take(from, run, signal)))
    taken.set(key, content)
    store.needs.add(driverOwnerOf(run.id), [content.digest])
    given.set(givenKey(job, at), { ...content, from: [run.parts.signer.peer] })
  }
  return given
}

/** @param directory of the caller; @throws {BakError} `usage` naming an input of it that cannot be taken, before anything is read */
export async function checkGiven(jobs: Job[], directory: string, { store }: Pick<Artifacts, 'store'>): Promise<void> {
  const seen = new Set<string>()
  for (const { job, at, from } of sourcesOf(jobs, ['path'])) {
    if (from.type !== 'path' || seen.has(from.path)) continue
    seen.add(from.path)
    await named(job, at, scanTree(resolve(directory, from.path), { bytes: store.limits.largest }))
  }
}

function* sourcesOf(jobs: Job[], types: Source['type'][]): Generator<{ job: string; at: string; from: Source }> {
  for (const job of jobs)
    for (const { at, from } of inputsOf(job, []))
      if (from.type !== 'job' && types.includes(from.type)) yield { job: job.name, at, from }
}

async function take(from: Source, run: OfRun, signal: AbortSignal): Promise<Content> {
  signal.throwIfAborted()
  if (from.type === 'url') return contentOf(await run.parts.artifacts.sources.fetch(from, { signal }))
  if (from.type === 'path') return contentOf(await importTree(run.order.directory, from.path, run, signal))
  for (let tries = 1; ; tries++) {
    try {
      return contentOf(await importTree(run.folder.root, from.path, run, signal))
    } catch (cause) {
      if (tries === TRIES || signal.aborted) throw cause
      await sleep(TRY_AGAIN_MS)
    }
  }
}

const importTree = (root: string, path: string, { parts: { artifacts, signer } }: OfRun, signal: AbortSignal) =>
  artifacts.imports.take(resolve(root, path), { by: signer.peer, path, signal, plainModes: true })

const contentOf = ({ digest, bytes }: Content): Content => ({ digest, bytes })

async function named<T>(job: string, at: string, work: Promise<T>): Promise<T> {
  return await work.catch(cause => {
    const { code = 'bug', message } = cause as BakError
    throw new BakError(code, `input ${at} of job ${job}: ${message}`, { cause })
  })
}
