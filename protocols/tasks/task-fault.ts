/** Why a task has failed that went to its end, in words. Pure. */
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
