/**
 * Tasks: takes what clients on members measure from the begin of a sample to its end, holds it against what members sign, keeps what the tasks came
 * to in the record and in `tasks.json`, and shows how they go.
 */
import { cutText, type Phase } from '../../../protocols/fields.ts'
import { stepFolder, TASKS_FILE } from '../../../protocols/layout.ts'
import type { Step } from '../../../protocols/phase.ts'
import { driverBound, TELLING } from '../../../protocols/tasks/driver-bound.ts'
import { loadOf } from '../../../protocols/tasks/task.ts'
import { differenceIn } from '../../../protocols/tasks/task-difference.ts'
import { taskEntryOf } from '../../../protocols/tasks/task-entry.ts'
import { taskFaultOf, unsentIn } from '../../../protocols/tasks/task-fault.ts'
import type { TaskResult } from '../../../protocols/tasks/tasks-file.ts'
import { errorIn } from '../../../protocols/verify/task-answers.ts'
import { fitEntry, MAX_RECORD_METRICS } from '../../../protocols/work-entry.ts'
import { hasTasks } from '../../work/tasks/loaders.ts'
import type { LoadHandlers } from '../load/load-stream-server.ts'
import { SampleLoad } from '../load/sample-load.ts'
import { isSameStep, type PlannedPhase } from '../plan.ts'
import type { RunContext } from '../run-context.ts'
import { Stopped } from '../stopped.ts'
import { planOfLoad } from '../task-members.ts'
import type { RunHook } from './hook.ts'

const SHOW_EVERY_MS = 1_000

/** What has been written of a sample goes anew with each element, where that takes at most this share of the time. */
const WRITE_SHARE = 0.05

const FULL = `the record has room for ${MAX_RECORD_METRICS}: those of later samples are in ${TASKS_FILE} only`
const CUT = 'its clients were cut short, and it does not say why'
const TEST_MODE = 'test mode: one iteration of each task, without warm-up and rate, whose numbers are no measurement'

/** @returns the hook of one run */
export function tasks(): RunHook {
  let isServed = false
  /** By the monotonic clock, ms. */
  let writeDue = 0
  let timer: NodeJS.Timeout | undefined
  const stopTimer = () => {
    clearInterval(timer)
    timer = undefined
  }
  return {
    name: 'tasks',
    before(at, run) {
      const { phase, step, part, element, groups } = at
      if (!hasTasks(run.order.spec) || step == null || groups != null) return
      if (!isServed) {
        isServed = true
        if (loadOf(run.order.spec).test_mode) run.record.remarks = [...(run.record.remarks ?? []), TEST_MODE]
        run.parts.loadStreams.open(run.id, handlersOf(run))
        run.onExcluded.add(peer => run.load?.leave(run.nameOf(peer) ?? peer))
      }
      if (phase === 'start') run.load = newLoad(run, step)
      if (phase !== 'work') return
      if (part === 'prepare') timer ??= setInterval(() => show(run), SHOW_EVERY_MS).unref()
      if (part === 'tasks' && element != null) run.load?.begin(element, () => run.elementAt)
    },
    async after(at, run, answers) {
      const { load } = run
      if (load == null || at.step == null || at.groups != null) return
      if (at.phase !== 'work' && at.phase !== 'stop') return
      for (const { by, value } of answers) if (value.load != null) load.answer(run.nameOf(by) ?? by, value.load)
      const over = overAfter(at, run)
      for (const each of over) await endElement(run, load, each, at.phase)
      const isLast = at.phase === 'stop'
      const began = performance.now()
      if (isLast || (over.length > 0 && began >= writeDue)) {
        await writeResult(run, load)
        writeDue = performance.now() + (performance.now() - began) / WRITE_SHARE
      }
      if (!isLast) return
      stopTimer()
      run.load = undefined
    },
    async close(run) {
      stopTimer()
      run.parts.loadStreams.close(run.id)
      const { load } = run
      if (load == null) return
      // a sample that was never stopped
      for (const each of load.open) await endElement(run, load, each, 'stop')
      await writeResult(run, load)
    }
  }
}

function newLoad(run: RunContext, step: Step): SampleLoad {
  const load = new SampleLoad(step, planOfLoad(run.record, step))
  for (const { name } of run.excluded.values()) load.leave(name)
  return load
}

function handlersOf(run: RunContext): LoadHandlers {
  const { record, excluded } = run
  /** Dismissed, and excluded with the end of the phase. */
  const out = new Set<string>()
  return {
    admits: peer =>
      !excluded.has(peer) && !out.has(peer) && record.roster.some(each => each.peer === peer && each.load != null),
    take(peer, message) {
      const member = run.nameOf(peer) ?? peer
      if (message.type !== 'failed') return run.load?.take(member, message)
      const { step, element, reason } = message
      if (!isSameStep(step, run.load?.step)) return
      const why = `${member}: ${element === 0 ? '' : `element ${element}: `}${reason}`
      run.cancel(new Stopped('workload-failed', cutText(why)))
    },
    onUnreadable(peer, { code, message }) {
      out.add(peer)
      run.dismiss(peer, code, cutText(`what its clients measured cannot be counted: ${message}`))
    }
  }
}

/** @returns the elements that are over: at the join point, once all have answered for them that still take part; all others with `stop` */
function overAfter({ phase, part, element }: PlannedPhase, { load, record }: RunContext): number[] {
  if (load == null) return []
  if (phase === 'stop') return load.open
  if (element == null || (part !== 'tasks' && part !== 'complete') || !load.isAnswered(element)) return []
  const { completedBy } = planOfLoad(record, load.step).elements.find(each => each.number === element) ?? {}
  return part === 'complete' || completedBy == null ? [element] : []
}

async function endElement(run: RunContext, load: SampleLoad, element: number, phase: Phase): Promise<void> {
  const last = load.now()
  const ended = await load.end(element)
  if (ended == null) return
  const { record, events } = run
  const { joinPoint, results } = ended
  const all = results.flatMap(each => [...load.answersTo(each)])
  const failing = new Set(all.filter(([, { task }]) => task.error != null).map(([member]) => member))
  for (const result of results) {
    const answers = load.answersTo(result)
    const signed = errorIn(new Map([...answers].map(([member, { task }]) => [member, task])))
    const error = signed ?? taskFaultOf(result, record.spec)
    const entry = fitEntry(record.workload, taskEntryOf(load.step, result, error))
    if (entry?.metrics == null) run.lack({ kind: 'workload', what: 'metrics', reason: FULL })
    if (entry != null) {
      record.workload.push(entry)
      events.store({ type: 'workload-ended', ...entry })
    }
    for (const each of result.members) {
      const answer = answers.get(each.member)?.task
      // in a run that goes on nobody else cuts anything short
      const isOdd = phase === 'work' && !run.cancelled.aborted && !failing.has(each.member)
      const isCut = isOdd && answer?.ended === 'cut'
      const reason = (answer && differenceIn(each, answer)) ?? (isCut ? CUT : undefined)
      if (reason == null) continue
      record.partial = true
      run.lack({ kind: 'workload', member: each.member, what: result.task, reason: cutText(reason) })
    }
  }
  warnOf(run, load, results)
  const { step, skew } = joinPoint
  events.store({
    ...{ type: 'join-point', step, element, ...(skew == null ? {} : { skew }) },
    tasks: results.map(summaryOf)
  })
  events.show({ type: 'load', step, ...last, tasks: last.tasks.map(each => ({ ...each, clients: 0 })) })
}

function summaryOf({ task, samples, failed, throughput, unit, latency }: TaskResult) {
  const p99 = latency?.percentiles['99']
  const speed = { throughput: throughput.mean, unit, ...(p99 == null ? {} : { p99 }) }
  return { task, samples, failed, ...(samples === 0 ? {} : { speed }) }
}

/** Of drivers once an element, since health is of all tasks of it; nothing of one that was over before it was under way, as in test mode. */
function warnOf({ events }: RunContext, { step }: SampleLoad, results: TaskResult[]): void {
  const warn = (tasks: string, text: string) =>
    events.store({ type: 'warning', text: cutText(`${stepFolder(step)}, ${tasks}: ${text}`) })
  for (const { task, unsent } of results) {
    const text = unsentIn(unsent)
    if (text != null) warn(task, text)
  }
  if (results.every(({ duration }) => duration < TELLING)) return
  const members = new Map(results.flatMap(each => each.members).map(({ member, health }) => [member, health]))
  const text = driverBound([...members].map(([member, health]) => ({ member, health })))
  if (text == null) return
  warn(results.map(({ task }) => task).join(', '), text)
}

async function writeResult({ folder }: RunContext, load: SampleLoad): Promise<void> {
  if (load.joinPoints.length > 0) await folder.writeTasks(load.step, load.file)
}

function show({ events, load }: RunContext): void {
  if (load != null && events.followed) events.show({ type: 'load', step: load.step, ...load.now() })
}
