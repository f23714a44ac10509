/** How the tasks of a run go, as a view shows it: reduced from its events. Pure. */
import type { RunEvent } from '../protocols/events.ts'
import { stepFolder } from '../protocols/layout.ts'
import type { Step } from '../protocols/phase.ts'
import type { LoadNow } from '../protocols/tasks/load-now.ts'
import { formatValue } from './format-value.ts'

/** Elements of a sample that are over, in the state: the last ones. */
const MAX_OVER = 4

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>
/** At its join point. */
export type OverElement = Pick<Of<'join-point'>, 'element' | 'skew' | 'tasks'>

/** Of the sample that goes on. */
export interface TaskProgress {
  step?: Step
  /** What was told last; of an element that goes on, or of what is prepared. */
  now?: LoadNow
  over: OverElement[]
}

export const noTasks: TaskProgress = { over: [] }

export function noteLoad(before: TaskProgress, { step, ...now }: Of<'load'>): TaskProgress {
  return { step, now, over: ofSample(before, step).over }
}

/** @returns nothing of another sample */
export const ofSample = (progress: TaskProgress, step: Step): TaskProgress =>
  progress.step != null && stepFolder(progress.step) === stepFolder(step) ? progress : noTasks

export function endElement(before: TaskProgress, event: Of<'join-point'>): TaskProgress {
  const { step, element, skew, tasks } = event
  const { now, over } = ofSample(before, step)
  const others = over.filter(each => each.element !== element)
  const all = [...others, { element, ...(skew == null ? {} : { skew }), tasks }].slice(-MAX_OVER)
  return { step, over: all, ...(now == null ? {} : { now }) }
}

/** @returns whether clients work just now */
export const isLoading = ({ now, over }: TaskProgress): boolean =>
  now != null && now.tasks.length > 0 && !over.some(({ element }) => element === now.element)

/** @returns a line a task of the last sample, as its join point told */
export const describeTasks = ({ over }: TaskProgress): string[] =>
  over.flatMap(({ tasks }) => tasks.map(each => `${each.task}: ${describeEnded(each)}`))

/** @returns `3600 requests, 13 failed, 199 ops/s, p99 195 ms` */
export function describeEnded({ samples, failed, speed }: OverElement['tasks'][number]): string {
  const facts = [
    `${samples} ${samples === 1 ? 'request' : 'requests'}`,
    `${failed} failed`,
    ...(speed == null ? [] : [formatValue(speed.throughput, `${speed.unit}/s`)]),
    ...(speed?.p99 == null ? [] : [`p99 ${formatValue(speed.p99, 'ms')}`])
  ]
  return facts.join(', ')
}
