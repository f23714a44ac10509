/** How all threads of the driver go, of how each does. Pure. */
import type { LoadStatus } from '../../../../protocols/tasks/load-stream.ts'
import type { ThreadStatus } from './thread-messages.ts'

export function statusOf(threads: ThreadStatus[], element: number): LoadStatus {
  const tasks = Map.groupBy(
    threads.flatMap(each => each.tasks),
    each => each.task
  )
  const loading = threads.filter(each => each.tasks.some(task => task.clients > 0))
  return {
    element,
    workers: loading.length,
    busy: Math.min(1, Math.max(0, ...threads.map(each => each.busy))),
    lag: Math.max(0, ...threads.map(each => each.lag)),
    tasks: [...tasks].map(([task, parts]) => {
      const sum = (of: (part: ThreadStatus['tasks'][number]) => number) =>
        parts.reduce((total, each) => total + of(each), 0)
      const base = {
        task,
        clients: sum(each => each.clients),
        sent: sum(each => each.sent),
        done: sum(each => each.done)
      }
      // weighed by their clients
      const isKnown = parts.every(each => each.progress != null)
      return isKnown
        ? { ...base, progress: Math.min(1, sum(each => (each.progress ?? 0) * each.of) / sum(each => each.of)) }
        : base
    })
  }
}
