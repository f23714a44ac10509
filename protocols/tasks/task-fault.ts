/** What is wrong with a task that went to its end, in words. Pure. */
import { cutText } from '../fields.ts'
import { elementsOf, type TaskSpec } from './elements.ts'
import type { TaskResult } from './tasks-file.ts'

type Ended = Pick<TaskResult, 'task' | 'samples' | 'failed' | 'errors' | 'ended'>

/**
 * What nobody answered well measured nothing. Not of tasks whose errors are said to end nothing, nor of a search, in which that is a value
 * that does not hold.
 */
export function taskFaultOf(
  { task, samples, failed, errors, ended }: Ended,
  spec: TaskSpec & { search?: unknown }
): string | undefined {
  if (samples === 0 || failed < samples || ended === 'cut' || spec.search != null) return undefined
  const planned = elementsOf(spec)
    .flatMap(({ tasks }) => tasks)
    .find(({ name }) => name === task)
  if (planned?.ignoreErrors) return undefined
  const [most] = [...errors].sort((one, other) => other.count - one.count)
  const kind = most == null ? '' : `: ${most.kind}`
  return cutText(`${samples === 1 ? 'its request' : `each of its ${samples} requests`} failed${kind}`)
}

/** That a target could not keep up with its rate, in words. @param count of requests that were due and not sent @returns undefined for none */
export const unsentIn = (count = 0): string | undefined =>
  count === 0
    ? undefined
    : `${count} ${count === 1 ? 'request was' : 'requests were'} due and not sent: the target could not keep up, or there are too few clients`
