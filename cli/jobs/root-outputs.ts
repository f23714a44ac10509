/** The outputs of a run's jobs that are its result: those of the jobs that no other one needs. Pure. */
import type { JobOutput } from '../../protocols/jobs/job-result.ts'
import type { JobEntry } from '../../protocols/jobs/jobs-file.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { formatBytes } from '../format.ts'

export interface RootOutput extends JobOutput {
  job: string
  /** Who made it. */
  member?: string
}

/** Of several samples the last one. @returns nothing of jobs without outputs, or that have none */
export function rootOutputs(entries: readonly JobEntry[]): RootOutput[] {
  const needed = new Set(entries.flatMap(({ needs }) => needs))
  const last = new Map(entries.filter(({ graph }) => graph.step?.warmup == null).map(entry => [entry.job, entry]))
  return [...last.values()]
    .filter(({ job, state }) => !needed.has(job) && (state === 'done' || state === 'reused'))
    .flatMap(({ job, member, outputs }) =>
      outputs.map(output => ({ job, ...(member == null ? {} : { member }), ...output }))
    )
}

/** Outputs that have a line at the end of a run. */
const MAX_LINES = 8
/** Characters of a digest: they name it among all others of a mesh. */
const DIGEST = 16

/** @returns a line each: `app: bin/app 16.2 KiB, 5f3a9c0b1d2e4f60 on n2` */
export function describeOutputs(outputs: RootOutput[], run: string): string[] {
  const lines = outputs.slice(0, MAX_LINES).map(({ job, path, kind, bytes, digest, member }) => {
    const where = member == null ? '' : ` on ${member}`
    return `${job}: ${path}${kind === 'folder' ? '/' : ''} ${formatBytes(bytes)}, ${digest.slice(0, DIGEST)}${where}`
  })
  const more = outputs.slice(MAX_LINES).map(({ job, path }) => `${job}/${path}`)
  return more.length === 0
    ? lines
    : [
        ...lines,
        `${more.length} more ${more.length === 1 ? 'output' : 'outputs'}: ${listInWords(more, 4)}: bak artifact ls --run ${run}`
      ]
}
