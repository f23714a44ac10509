/** What the tasks of a result came to: `tasks.json` of its samples, checked. */
import { whyOf } from '../../protocols/errors.ts'
import { tasksFileOf } from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { readTasksFile } from '../../protocols/tasks/read-tasks-file.ts'
import type { TaskResult, TasksFile } from '../../protocols/tasks/tasks-file.ts'

export interface SampleTasks extends TasksFile {
  step: Step
}

/** A file that cannot be read, in the words of one of series. */
export interface UnreadTasks {
  path: string
  reason: string
}

export interface ReadTasks {
  /** In the order of the steps; nothing of one that has no such file. */
  samples: SampleTasks[]
  unread: UnreadTasks[]
}

/**
 * @param folder of the result
 * @param steps of which the files are read, such as those of `Result.samples`
 */
export async function readTasks(folder: string, steps: Step[]): Promise<ReadTasks> {
  const read: ReadTasks = { samples: [], unread: [] }
  // one after the other: each may be large
  for (const step of steps) {
    try {
      const file = await readTasksFile(folder, step)
      if (file != null) read.samples.push({ step, ...file })
    } catch (error) {
      read.unread.push({ path: tasksFileOf(step), reason: whyOf(error) })
    }
  }
  return read
}

/** @returns s since the begin of the element at which normal samples begin, of older results to a row; 0 without a warm-up, all of it where there is nothing else */
export function warmupEnd({
  from,
  seconds,
  throughput: { rows },
  duration
}: Pick<TaskResult, 'from' | 'seconds' | 'throughput' | 'duration'>): number {
  if (from != null) return Math.min(duration, from)
  if (seconds.warmup != null) return Math.min(duration, seconds.warmup * seconds.every)
  if (!rows.some(([, isWarmup]) => isWarmup)) return 0
  return rows.find(([, isWarmup]) => !isWarmup)?.[0] ?? duration
}
