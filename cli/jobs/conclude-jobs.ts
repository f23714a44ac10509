/** The last lines of a run about its jobs: the causes of what failed, and why each was run or not. Pure. */
import { describeFailures, failuresIn, whyOfJob, whyRun } from './causes.ts'
import { type GraphProgress, type JobLine, type JobsProgress, nameOfGraph, stateInWords } from './job-progress.ts'

/** Graphs whose failures are told: of samples that were repeated the last ones. */
const MAX_GRAPHS = 2

/** @param lines whether with the last lines of their logs @returns nothing where no job failed */
export function failuresAtEnd(jobs: JobsProgress, run: string, lines = true): string[] {
  const failed = graphsOf(jobs).filter(({ counts }) => counts.failed)
  return failed.slice(-MAX_GRAPHS).flatMap(graph => describeFailures(failuresIn(graph.lines), run, lines))
}

/** @returns for each job a line with why it was run or not: `lib  reused        its result is known` */
export function explainJobs(jobs: JobsProgress): string[] {
  return graphsOf(jobs).flatMap(({ graph, lines }) => {
    const rows = lines.map(line => [line.job, howOf(line), whyRun(line) ?? whyOfJob(line) ?? ''] as const)
    const [names, hows] = [0, 1].map(at => Math.max(0, ...rows.map(row => (row[at] as string).length))) as [
      number,
      number
    ]
    return [
      `why each job of ${nameOfGraph(graph)} was run or not:`,
      ...rows.map(([job, how, why]) => `  ${job.padEnd(names)}  ${how.padEnd(hows)}  ${why}`.trimEnd())
    ]
  })
}

const howOf = ({ state, member }: JobLine) =>
  member == null || state === 'reused' ? stateInWords(state) : `${stateInWords(state)} on ${member}`

export const countFailed = (jobs: JobsProgress): number =>
  graphsOf(jobs).reduce((sum, { counts }) => sum + (counts.failed ?? 0), 0)

const graphsOf = ({ over, now }: JobsProgress): GraphProgress[] => [...over, ...(now == null ? [] : [now])]
