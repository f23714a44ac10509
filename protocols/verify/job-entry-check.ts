/**
 * What a result says of one job held against what its member signed: it is that of this job in this run, of the inputs that its needs have made, and of
 * the script and the variables of the spec, which its key is of. Pure.
 */
import { decode } from '../codec.ts'
import { type Envelope, envelope, open, type Signed } from '../envelope.ts'
import { asBakError } from '../errors.ts'
import type { Job } from '../jobs/job.ts'
import { inputsOf } from '../jobs/job-inputs.ts'
import { jobKey } from '../jobs/job-key.ts'
import { type JobResult, jobResultSubject } from '../jobs/job-result.ts'
import { isFinal } from '../jobs/job-state.ts'
import { variablesOf } from '../jobs/job-variables.ts'
import type { JobEntry } from '../jobs/jobs-file.ts'
import { graphKey } from '../layout.ts'
import type { RunRecord } from '../record.ts'
import { same } from './proven-run.ts'

/** The entries of other jobs by name, as a graph has them: its own, and those of the role `setup`. */
export type KnownEntries = ReadonlyMap<string, Pick<JobEntry, 'job' | 'state' | 'outputs' | 'attempts'>>

export interface AboutEntry {
  record: Pick<RunRecord, 'run' | 'spec' | 'roster' | 'verdict'>
  /** As the spec has it. */
  job: Job
  known: KnownEntries
}

/** A result that can be read, and is signed by whom it says. */
export type SignedResult = Signed<JobResult> & { envelope: Envelope }

/** @param sealed base64 @throws {BakError} what is wrong with it */
export const openResult = (sealed: string): SignedResult =>
  open(jobResultSubject, decode(envelope, new Uint8Array(Buffer.from(sealed, 'base64'))))

/** @returns what is wrong with it, in words; each mistake once */
export function faultsInEntry(entry: JobEntry, about: AboutEntry): string[] {
  const { state, result } = entry
  const { role } = about.job
  const needed = new Set([...about.job.needs, ...about.job.inputs].flatMap(each => ('job' in each && each.job) || []))
  const stranger = entry.needs.find(each => !needed.has(each))
  return [
    ...(entry.role === role ? [] : [`it is of the role ${role}, not ${entry.role}`]),
    ...(stranger == null ? [] : [`it does not need ${stranger} by the spec`]),
    ...faultsInState(entry, about.known),
    ...(result == null ? faultsWithout(entry, about) : faultsInResult(result, entry, about)),
    ...entry.attempts.flatMap(({ attempt, result: earlier }) =>
      earlier == null ? [] : faultsInEarlier(earlier, attempt, entry, about)
    ),
    ...(entry.outputs.length > 0 && !hasOutputs(state) ? [`it is ${state}, and has outputs`] : [])
  ]
}

const hasOutputs = (state: JobEntry['state']) => state === 'done' || state === 'reused'

/** One whose member was lost with its outputs was made again, and may have failed at that. */
const hadOutputs = (entry: Maker | undefined) =>
  entry != null && (hasOutputs(entry.state) || entry.attempts.some(({ result }) => result != null))
type Maker = Pick<JobEntry, 'state' | 'outputs' | 'attempts'>

/** @returns the digests of all that a job has made at this path: what is made again may have other bytes */
function madeBy({ outputs, attempts }: Maker, output: string): Set<string> {
  const earlier = attempts.flatMap(({ result }) => (result == null ? [] : outputsIn(result)))
  return new Set([...outputs, ...earlier].filter(({ path }) => path === output).map(({ digest }) => digest))
}

function outputsIn(sealed: string): JobEntry['outputs'] {
  try {
    return openResult(sealed).value.outputs
  } catch {
    // said of its entry
    return []
  }
}

/** What it needs, and the state of that. */
function faultsInState({ state, needs, from = [] }: JobEntry, known: KnownEntries): string[] {
  if (state === 'skipped') {
    const innocent = from.find(cause => known.get(cause)?.state !== 'failed')
    if (from.length === 0) return ['it is skipped, and names no job that failed']
    return innocent == null ? [] : [`it is skipped because of ${innocent}, which has not failed`]
  }
  if (!hasOutputs(state)) return []
  const missing = needs.find(each => !hadOutputs(known.get(each)))
  return missing == null ? [] : [`it is ${state}, and ${missing}, which it needs, is not`]
}

/** The last results may have been lost with the daemon that was killed. */
const faultsWithout = ({ state }: JobEntry, { record }: AboutEntry): string[] =>
  hasOutputs(state) && record.verdict !== 'failed' ? [`it is ${state}, and no member signed its result`] : []

function faultsInResult(sealed: string, entry: JobEntry, about: AboutEntry): string[] {
  try {
    const { by, value } = openResult(sealed)
    return [...faultsInSigner(by, value, entry, about), ...faultsInContent(value, entry, about)]
  } catch (error) {
    return [`its result: ${asBakError(error).message}`]
  }
}

/** Of a member of this run, or of the run and the peer that it says. */
function faultsInSigner(by: string, value: JobResult, entry: JobEntry, { record }: AboutEntry): string[] {
  const { state, member, attempts } = entry
  if (entry.by != null && entry.by !== by) return [`its result is signed by ${by}, not by ${entry.by}`]
  const signer = record.roster.find(({ peer }) => peer === by)
  if (state === 'reused') {
    const told = entry.run ?? record.run
    if (value.run !== told || value.job !== entry.job)
      return [`its result is of ${value.job} in run ${value.run}, not of run ${told}`]
    // of another run that its controller took it then is its word
    return signer != null || told !== record.run ? [] : [`its result is signed by ${by}, who is no member of this run`]
  }
  if (signer == null) return [`its result is signed by ${by}, who is no member of the run`]
  if (signer.name !== member) return [`its result is signed by ${signer.name}, not by ${member ?? 'a member'}`]
  // of a run whose daemon was killed results are known, and not which attempts there were
  const isLost = record.verdict === 'failed' && attempts.length === 0
  const attempt = attempts.findLast(each => each.attempt === value.attempt && each.outcome !== 'refused')
  return [
    ...isOf(value, entry, record),
    ...(isLost || attempt?.member === member ? [] : [`none of its attempts is attempt ${value.attempt} on ${member}`])
  ]
}

const isOf = (value: JobResult, { graph, job }: Pick<JobEntry, 'graph' | 'job'>, { run }: Pick<RunRecord, 'run'>) =>
  value.run === run && value.job === job && graphKey(value.graph) === graphKey(graph)
    ? []
    : [`its result is that of ${value.job} (${graphKey(value.graph)}) in run ${value.run}`]

function faultsInContent(value: JobResult, entry: JobEntry, about: AboutEntry): string[] {
  const { state, duration, began, outputs } = entry
  const wanted = state === 'reused' ? 'done' : state
  // one that was cancelled may have come to its end meanwhile
  if (isFinal(state) && state !== 'cancelled' && value.outcome !== wanted)
    return [`it is ${state}, and its result says ${value.outcome}`]
  return [
    ...(hasOutputs(state) && !same(outputs, value.outputs) ? ['its outputs are not those of its result'] : []),
    ...(state !== 'reused' && duration != null && duration !== value.duration
      ? ['its duration is not that of its result']
      : []),
    ...(state !== 'reused' && began != null && began !== value.began ? ['its begin is not that of its result'] : []),
    ...faultsInWork(value, entry, about)
  ]
}

/** Its key is of what it was to run, and its inputs are what its needs have made. */
function faultsInWork(
  value: JobResult,
  { graph, state, needs }: JobEntry,
  { record, job, known }: AboutEntry
): string[] {
  const { spec } = record
  const iteration = graph.step == null ? undefined : spec.iterations[graph.step.number - 1]
  const variables = variablesOf(job, spec, iteration)
  const parts = { job, variables, platform: value.platform, image: job.image, inputs: value.inputs }
  const isNeeded = (name: string | undefined) => name == null || needs.includes(name)
  const applied = {
    needs: job.needs.filter(need => isNeeded(need.job)),
    inputs: job.inputs.filter(input => isNeeded('job' in input ? input.job : undefined))
  }
  const producers = spec.job.filter(({ name }) => needs.includes(name))
  const found = new Map(value.inputs.map(({ path, digest }) => [path, digest]))
  const planned = inputsOf(applied, producers)
  const missing = planned.find(({ at }) => !found.has(at))
  const other = planned.find(({ at, from }) => {
    if (from.type !== 'job') return false
    const maker = known.get(from.job)
    return maker == null || !madeBy(maker, from.output).has(found.get(at) ?? '')
  })
  const absent = job.outputs.find(path => !value.outputs.some(each => each.path === path))
  return [
    ...(jobKey(parts) === value.key
      ? []
      : ['its result is not of this script, these variables and its inputs: its key differs']),
    ...(missing == null ? [] : [`its result has no input ${missing.at}`]),
    ...(missing != null || found.size === planned.length ? [] : ['its result has other inputs than the spec']),
    ...(missing != null || other == null ? [] : [`its input ${other.at} is not what the job made that it is from`]),
    ...(absent == null || !hasOutputs(state) ? [] : [`its result has no output ${absent}`])
  ]
}

/** A result that was taken, and whose job was run again. */
function faultsInEarlier(sealed: string, attempt: number, entry: JobEntry, { record }: AboutEntry): string[] {
  try {
    const { by, value } = openResult(sealed)
    const isMember = record.roster.some(({ peer }) => peer === by)
    return [
      ...(isMember ? [] : [`attempt ${attempt}: its result is signed by ${by}, who is no member of the run`]),
      ...(value.attempt === attempt ? [] : [`attempt ${attempt}: its result is of attempt ${value.attempt}`]),
      ...isOf(value, entry, record).map(what => `attempt ${attempt}: ${what}`)
    ]
  } catch (error) {
    return [`attempt ${attempt}: its result: ${asBakError(error).message}`]
  }
}
