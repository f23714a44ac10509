/** The call `jobs`: the jobs of one run, or those of which any peer has records. */
import type { JobLine } from '../../../protocols/control/jobs.ts'
import type { CallInput, CallResponse, HandlerOptions } from '../../../protocols/control.ts'
import { BakError } from '../../../protocols/errors.ts'
import { type JobRow, MAX_JOB_ROWS } from '../../../protocols/jobs/job-records.ts'
import { isFinal } from '../../../protocols/jobs/job-state.ts'
import { graphKey } from '../../../protocols/layout.ts'
import { fieldsOfJobs } from '../../../protocols/where/fields-of-jobs.ts'
import { readOrderOf, readWhereOf } from '../../../protocols/where/where.ts'
import type { Parts } from '../../parts.ts'
import { type Answered, askAll, peersHere, type Silent } from './ask-records.ts'
import { rowsIn, runOfJobs, sourcesOf, unheard } from './find-job.ts'
import { nameOf } from './proven-results.ts'

export async function* jobs(
  parts: Parts,
  { run: text, all = false, where, sort }: CallInput<'jobs'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'jobs'>> {
  if (all && text != null) throw new BakError('usage', 'jobs of one run, or of all: leave out --run or --all')
  const fits = where == null ? () => true : readWhereOf(fieldsOfJobs, where)
  const order = sort == null ? undefined : readOrderOf(fieldsOfJobs, sort)
  const run = all ? undefined : await runOfJobs(parts, { run: text }, signal)
  const { lines, silent } = run == null ? await linesOfAll(parts, signal) : await linesOfRun(parts, run, signal)
  const now = Date.now()
  // who only heard of a result knows its member by its key
  const named = lines.map(line => ({ ...line, member: line.member ?? memberOf(parts, line) }))
  const asked = named.filter(line => fits(line, now)).sort(byBegin)
  if (order != null) asked.sort((a, b) => order(a, b, now))
  yield {
    run,
    // in the order in which they began the newest are the last
    jobs: order == null ? asked.slice(-MAX_JOB_ROWS) : asked.slice(0, MAX_JOB_ROWS),
    // a peer tells no more than so many
    isCut: lines.length >= MAX_JOB_ROWS,
    silent: silent.map(({ name, reason }) => ({ name, reason }))
  }
}

/** What has not begun is behind all that has; of that and of what never ran the order of the file is not known, so the names'. */
export const byBegin = (a: JobLine, b: JobLine): number => beginOf(a) - beginOf(b) || (a.job < b.job ? -1 : 1)

/** A number, so that two of them have a difference. */
const beginOf = ({ began, changed, state }: JobLine) => began ?? (isFinal(state) ? changed : Number.MAX_SAFE_INTEGER)

const memberOf = (parts: Parts, { by }: JobLine) => (by == null ? undefined : nameOf(parts, by))

interface Lines {
  lines: JobLine[]
  silent: Silent[]
}

/** What the peer knows that leads the run goes before what others know of results. */
async function linesOfAll(parts: Parts, signal: AbortSignal): Promise<Lines> {
  const { told, silent } = await askAll(parts, peersHere(parts), { type: 'jobs', limit: MAX_JOB_ROWS }, signal)
  return { lines: mergedLines(told, run => parts.feed.get(run)?.lead.by), silent }
}

/** @throws {BakError} `no-such-run` where nobody knows jobs of it */
async function linesOfRun(parts: Parts, run: string, signal: AbortSignal): Promise<Lines> {
  const members = peersHere(parts)
  const sources = await sourcesOf(parts, run, signal)
  const request = { type: 'jobs' as const, run, limit: MAX_JOB_ROWS }
  const best = members.filter(({ peer }) => sources.includes(peer))
  const first = await askAll(parts, best, request, signal)
  const lead = sources[0]
  const known = mergedLines(first.told, () => lead)
  if (known.length > 0) return { lines: known, silent: first.silent }
  const rest = await askAll(
    parts,
    members.filter(({ peer }) => !sources.includes(peer)),
    request,
    signal
  )
  const lines = mergedLines(rest.told, () => lead)
  const silent = [...first.silent, ...rest.silent]
  if (lines.length === 0) throw new BakError('no-such-run', `no jobs of ${run} are known${unheard(silent)}`)
  return { lines, silent }
}

/** @returns each job of each graph once: by the word of who leads its run, of who was there, or what is newest. Pure. */
export function mergedLines(
  told: ReadonlyArray<Pick<Answered<'jobs'>, 'peer' | 'name' | 'answers'>>,
  leadOf: (run: string) => string | undefined
): JobLine[] {
  const best = new Map<string, { line: JobLine; weight: number }>()
  for (const each of told) {
    for (const row of rowsIn(each as Answered<'jobs'>)) {
      const key = `${row.run} ${graphKey(row.graph)} ${row.job}`
      const { at: changed, ...rest } = row
      const line = { ...rest, at: each.name, changed }
      const weight = weightOf(row, leadOf(row.run) === each.peer)
      const known = best.get(key)
      if (known == null || weight > known.weight || (weight === known.weight && changed > known.line.changed))
        best.set(key, { line, weight })
    }
  }
  return [...best.values()].map(({ line }) => line)
}

const weightOf = ({ member, log }: JobRow, isLead: boolean) =>
  (isLead ? 4 : 0) + (member == null ? 0 : 2) + (log ? 1 : 0)
