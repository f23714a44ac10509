/**
 * Jobs: runs each graph while its phase is open, goes by what became of its jobs, and has what those of the role `setup` have made brought to the
 * workloads.
 */
import { cutText } from '../../../protocols/fields.ts'
import { graphOf } from '../../../protocols/jobs/graph-at.ts'
import { graphKey, stepFolder } from '../../../protocols/layout.ts'
import { JobLogFiles } from '../../store/job-log-files.ts'
import { takeGiven } from '../jobs/given-inputs.ts'
import { troublesIn, whyGraphFailed, workEntryOf } from '../jobs/graph-outcome.ts'
import { GraphRun } from '../jobs/graph-run.ts'
import { type MakeGraph, OpenGraph } from '../jobs/open-graph.ts'
import { fetchStagedOutputs } from '../jobs/staged-outputs.ts'
import type { PlannedPhase } from '../plan.ts'
import type { RunContext } from '../run-context.ts'
import { Stopped } from '../stopped.ts'
import type { RunHook } from './hook.ts'

/** Of one graph, about jobs that were tried again. */
const MAX_WARNINGS = 16
/** Logs that are named. */
const MAX_CUT = 16

/** @param make makes what runs a graph; @returns the hook of one run */
export function jobs(make: MakeGraph = init => new GraphRun(init)): RunHook {
  let logs: JobLogFiles | undefined
  let open: OpenGraph | undefined
  const end = async () => {
    const ended = open
    open = undefined
    await ended?.end()
    return ended
  }
  return {
    name: 'jobs',
    async before(at, run) {
      if (at.phase === 'stage' && at.when != null) run.stagedOutputs = await fetchStagedOutputs(run)
      if (!isAboutJobs(at)) return
      const graph = graphOf(at)
      // logs of the samples are in the result, too
      if (graph.role === 'report') {
        await logs?.flush()
        await writeJobs(run, true)
        await takeResult(run)
      }
      logs ??= new JobLogFiles(run.folder.root)
      open = new OpenGraph(graph, run, { logs, make })
    },
    answered(at, { by, value }) {
      // who does not run its jobs any more is over with them before the graph is
      if (isAboutJobs(at) && value.outcome !== 'ok') open?.leave(by, value.reason ?? value.outcome)
    },
    async after(at, run) {
      if (!isAboutJobs(at)) return
      const ended = await end()
      if (ended == null) return
      await writeJobs(run, false)
      judge(ended, run)
    },
    async close(run) {
      // one whose phase did not end
      await end()
      await writeJobs(run, true)
      await logs?.flush()
      if (logs != null) nameCut(logs, run)
    }
  }
}

const isAboutJobs = ({ phase, part }: Pick<PlannedPhase, 'phase' | 'part'>) => phase === 'work' && part === 'jobs'

async function writeJobs({ jobs, folder }: RunContext, all: boolean): Promise<void> {
  const file = jobs.dueFile(all)
  if (file != null) await folder.writeJobs(file)
}

/** What jobs that report on the run find in their inputs of its result is what is there now. */
async function takeResult(run: RunContext): Promise<void> {
  const { jobs, parts, cancelled } = run
  const signal = AbortSignal.any([cancelled, parts.signal])
  const taken = await takeGiven(jobs.of({ role: 'report' }).jobs, ['result'], run, signal)
  for (const [key, input] of taken) run.given.set(key, input)
}

function judge({ at, entries, took }: OpenGraph, run: RunContext): void {
  const { events, record, order } = run
  const warn = (text: string) => events.store({ type: 'warning', text: cutText(text) })
  const troubles = troublesIn(entries)
  for (const each of troubles.slice(0, MAX_WARNINGS)) warn(each)
  if (troubles.length > MAX_WARNINGS) warn(`${troubles.length - MAX_WARNINGS} more jobs were tried again: bak job ls`)
  const why = whyGraphFailed(entries)
  const { step } = at
  if (step != null) {
    const entry = workEntryOf(step, entries, took)
    record.workload.push(entry)
    events.store({ type: 'workload-ended', ...entry })
  }
  if (why == null) return
  if (step == null) return run.cancel(new Stopped('workload-failed', cutText(`${at.role}: ${why}`)))
  if (step.warmup) return warn(`${stepFolder(step)} failed (${why}), which counts for nothing`)
  const { on_failed_workload } = order.spec.policy
  if (on_failed_workload === 'stop')
    run.cancel(new Stopped('workload-failed', cutText(`${why}, in ${stepFolder(step)}`)))
  if (on_failed_workload !== 'ignore') return
  record.partial = true
  for (const { job, member, state, reason = state } of entries)
    if (state === 'failed') run.lack({ kind: 'workload', member, what: `job ${job}`, reason })
}

function nameCut(logs: JobLogFiles, run: RunContext): void {
  const { cut, failed } = logs
  for (const { graph, job, lines, absent } of cut.slice(0, MAX_CUT)) {
    const reason = failed ?? (absent === lines ? 'they did not come from its member' : 'it is longer than what is kept')
    run.lack({
      kind: 'data',
      what: `log of ${job} (${graphKey(graph)})`,
      reason: `${lines} lines are missing: ${reason}`
    })
  }
  if (cut.length > MAX_CUT) {
    const reason = failed ?? 'they are longer than what is kept'
    run.lack({
      kind: 'data',
      what: `logs of ${cut.length - MAX_CUT} more jobs`,
      reason: `lines are missing: ${reason}`
    })
  }
}
