/** `bak job ls`: the jobs of a run with what became of each, or those of all runs of which any peer has records. */
import type { Command } from 'commander'
import type { JobLine } from '../../../protocols/control.ts'
import { exitStatus } from '../../../protocols/errors.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import { formatTable } from '../../../protocols/text-table.ts'
import { fieldsOfJobs } from '../../../protocols/where/fields-of-jobs.ts'
import { readOrderOf, readWhereOf } from '../../../protocols/where/where.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { formatBytes, formatDuration } from '../../format.ts'
import { whyOfJob } from '../../jobs/causes.ts'
import { nameOfGraph, stateInWords } from '../../jobs/job-progress.ts'
import { writeNotes } from '../../output.ts'

interface Options {
  run?: string
  all?: boolean
  where?: string
  sort?: string
}

export function defineList(command: Command): void {
  addFlag(command, '--run <run>', 'of this run: any unique part of its id, or last (the last that has jobs)')
  addFlag(command, '--all', 'of all runs that any peer knows jobs of')
  addFlag(command, '--where <expression>', `only those that fit, by ${listInWords(fieldsOfJobs.names, 32)}`)
  addFlag(command, '--sort <fields>', 'by fields with commas, -FIELD for the largest first (when they began)')
  addExamples(command, {
    'bak job ls': 'the last run that had jobs',
    'bak job ls --where \'state = failed and job ~ "lib*"\'': 'what failed, with why',
    'bak job ls --all --where "age < 7d" --sort -took': 'the longest jobs of a week, of every peer',
    'bak job ls --json | jq -r ".jobs[].member"': 'who ran each'
  })
  setAction(command, list)
}

async function list({ json, ask, print, printLines }: Context, options: Options): Promise<number> {
  const { run, all, where, sort } = options
  // without a daemon a mistake is named, too
  if (where != null) readWhereOf(fieldsOfJobs, where)
  if (sort != null) readOrderOf(fieldsOfJobs, sort)
  const answer = await ask('jobs', { run, all, where, sort })
  const { jobs, silent = [], isCut } = answer
  if (json) await print(JSON.stringify(answer))
  else if (jobs.length === 0) await print(where == null ? 'no jobs' : 'no job fits')
  else {
    if (answer.run != null) await print(`jobs of ${answer.run}, ${countStates(jobs)}`)
    await printLines(formatJobs(jobs, answer.run == null))
  }
  const notes = [
    ...silent.map(({ name, reason }) => `${name} did not say what it knows: ${reason}`),
    ...(isCut ? ['there are more: --where says which'] : [])
  ]
  if (!json) await writeNotes(notes)
  return silent.length > 0 ? exitStatus.partial : 0
}

function countStates(jobs: JobLine[]): string {
  const counts = Map.groupBy(jobs, ({ state }) => state)
  return [...counts].map(([state, { length }]) => `${length} ${stateInWords(state)}`).join(', ')
}

/** What only some have is no column of those that have it nowhere. */
export function formatJobs(jobs: JobLine[], withRun: boolean): string {
  const graphs = new Set(jobs.map(({ graph }) => nameOfGraph(graph)))
  const columns: Array<{ head: string; of(line: JobLine): string | number | undefined; always?: boolean }> = [
    ...(withRun ? [{ head: 'RUN', of: (line: JobLine) => line.run, always: true }] : []),
    { head: 'JOB', of: ({ job }) => job, always: true },
    { head: 'STATE', of: ({ state }) => stateInWords(state), always: true },
    { head: 'MEMBER', of: ({ member }) => member, always: true },
    { head: 'TRY', of: ({ attempt }) => (attempt != null && attempt > 1 ? attempt : undefined) },
    { head: 'TOOK', of: ({ duration }) => (duration == null ? undefined : formatDuration(duration)), always: true },
    { head: 'EXIT', of: ({ exit }) => (exit === 0 ? undefined : exit) },
    { head: 'OUTPUTS', of: line => (line.outputs ? `${line.outputs}, ${formatBytes(line.bytes ?? 0)}` : undefined) },
    ...(graphs.size > 1 ? [{ head: 'GRAPH', of: ({ graph }: JobLine) => nameOfGraph(graph) }] : []),
    ...(withRun ? [{ head: 'AT', of: ({ at }: JobLine) => at }] : []),
    { head: 'WHY', of: whyOfJob }
  ]
  const shown = columns.filter(({ of, always }) => always || jobs.some(line => of(line) != null))
  return formatTable(
    shown.map(({ head }) => head),
    jobs.map(line => shown.map(({ of }) => of(line)))
  )
}
