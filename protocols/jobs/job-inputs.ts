/** What a job finds in its inputs, and where: all outputs of the jobs that it needs, and its own inputs. Pure. */
import { posix } from 'node:path'
import { placementOf } from '../staged.ts'
import type { Job, JobInput } from './job.ts'

/** One thing in the inputs of a job; its content is known when the job is offered. */
export interface PlannedInput {
  /** Below the folder of the inputs. */
  at: string
  from:
    | { type: 'path'; path: string }
    | { type: 'job'; job: string; output: string }
    | { type: 'url'; url: string; sha256: string }
    | { type: 'result'; path: string }
}

type Producer = Pick<Job, 'name' | 'outputs'>

/**
 * @param jobs all that it may need, those of earlier graphs among them
 * @returns each place once for each content: an output that is needed and also an input of the same place is there once
 */
export function inputsOf({ needs, inputs }: Pick<Job, 'needs' | 'inputs'>, jobs: readonly Producer[]): PlannedInput[] {
  const outputs = outputsByJob(jobs, needs.length + inputs.length)
  const needed = needs.flatMap(({ job }) => outputsAt(job, outputs(job), job))
  const own = inputs.flatMap((input: JobInput) => placed(input, outputs))
  const all = new Map([...needed, ...own].map(each => [JSON.stringify(each), each]))
  return [...all.values()]
}

/** A job may need one other of thousands. */
function outputsByJob(jobs: readonly Producer[], lookups: number): (job: string) => string[] {
  const index = lookups > 4 ? new Map(jobs.map(({ name, outputs }) => [name, outputs])) : undefined
  return job => (index == null ? jobs.find(({ name }) => name === job)?.outputs : index.get(job)) ?? []
}

const outputsAt = (job: string, outputs: string[], folder: string): PlannedInput[] =>
  outputs.map(output => ({ at: `${folder}/${output}`, from: { type: 'job', job, output } }))

function placed({ path, job, output, url, sha256, result, as }: JobInput, outputs: (job: string) => string[]) {
  if (job != null) {
    if (output == null) return outputsAt(job, outputs(job), as ?? job)
    return [{ at: as ?? `${job}/${output}`, from: { type: 'job' as const, job, output } }]
  }
  const at = as ?? usualPlace({ path, url, result })
  if (path != null) return [{ at, from: { type: 'path' as const, path } }]
  if (url != null) return [{ at, from: { type: 'url' as const, url, sha256: sha256 ?? '' } }]
  return [{ at, from: { type: 'result' as const, path: result ?? '' } }]
}

/** @returns where an input is that does not say it; one that has no such place may get an empty text or `.` */
export function usualPlace({ path, url, result }: Pick<JobInput, 'path' | 'url' | 'result'>): string {
  if (path != null) return placementOf(path)
  if (result != null) return result === '.' ? 'result' : posix.basename(result)
  const last = URL.canParse(url ?? '') ? new URL(url as string).pathname.split('/').at(-1) : undefined
  return unescaped(last ?? '')
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
