/** Lines of a log about the tasks of a run: when each begins and ends, and how they go. Pure. */
import type { RunEvent } from '../protocols/events.ts'
import { stepFolder } from '../protocols/layout.ts'
import { listInWords } from '../protocols/list-in-words.ts'
import type { LoadNow } from '../protocols/tasks/load-now.ts'
import { formatMs } from './format.ts'
import { formatValue } from './format-value.ts'
import { describeEnded, isLoading, ofSample, type TaskProgress } from './task-progress.ts'

/** Tasks that a heartbeat tells of. */
const MAX_TOLD = 3

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>

/** @param before what was known before the event @returns a line a task, where an element begins; none while it goes on */
export function notesOfLoad(before: TaskProgress, event: Of<'load'>): string[] {
  const { step, element, elements, tasks } = event
  const { now, over } = ofSample(before, step)
  const isKnown = now?.element === element && now.tasks.length > 0
  if (isKnown || over.some(each => each.element === element)) return []
  return tasks.map(
    ({ task, of }) =>
      `task=${task} step=${stepFolder(step)} begins: tasks ${element} of ${elements}, ${of} ${of === 1 ? 'client' : 'clients'}`
  )
}

/** @returns a line a task, at its join point: `task=search step=1-default/sample1 ended: 3600 requests, 13 failed, 199 ops/s, p99 195 ms` */
export function notesOfEnd({ step, skew, tasks }: Of<'join-point'>): string[] {
  const began = skew == null ? '' : `, began within ${formatMs(skew)}`
  return tasks.map(each => `task=${each.task} step=${stepFolder(step)} ended: ${describeEnded(each)}${began}`)
}

/** @returns `, search 42 % 199 ops/s p99 195 ms 13 failed`; '' where no tasks go on */
export function describeLoad(progress: TaskProgress): string {
  const { now } = progress
  if (now?.prepared != null && now.tasks.length === 0) {
    const ready = now.prepared.filter(({ done, total }) => done >= total).length
    const left = now.prepared.find(({ done, total }) => done < total)
    const what = left == null ? '' : `, ${left.member}: ${left.what}`
    return `, preparing: ${ready} of ${now.prepared.length} members are ready${what}`
  }
  if (now == null || !isLoading(progress)) return ''
  const told = now.tasks.map(task => {
    const { progress: share, warmup, failed } = task
    const parts = [
      task.task,
      ...(share == null ? [] : [`${Math.floor(100 * share)} %`]),
      ...(warmup ? ['in warm-up'] : []),
      ...speedOf(task),
      `${failed} failed`
    ]
    return parts.join(' ')
  })
  const latest = now.members.toSorted((one, other) => other.lag - one.lag)[0]
  const lag = latest == null ? '' : `, ${latest.member} at most ${formatMs(latest.lag)} late`
  return `, tasks: ${listInWords(told, MAX_TOLD)}${lag}`
}

const speedOf = ({ throughput, unit, latency }: LoadNow['tasks'][number]): string[] => [
  formatValue(throughput, `${unit}/s`),
  ...(latency == null ? [] : [`p99 ${formatValue(latency.p99, 'ms')}`])
]
