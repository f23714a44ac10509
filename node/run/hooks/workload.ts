/** The workload of the phase `work`: hands the caller's folder and environment to it, shows its output live, keeps its result. */
import { join } from 'node:path'
import { OUTPUT_FILES } from '../../../protocols/layout.ts'
import { wrapOutput } from '../../../protocols/output.ts'
import type { RunContext } from '../run-context.ts'
import { Tail } from '../tail.ts'
import type { RunHook } from './hook.ts'

/** @returns the hook of one run */
export function workload(): RunHook {
  let tails: Tail[] = []
  const stopTails = async () => {
    for (const tail of tails.splice(0)) await tail.stop()
  }
  return {
    name: 'workload',
    before({ phase, step }, run) {
      if (phase !== 'work' || step == null) return
      const { order, events, parts } = run
      parts.workloads.set(order.run, {
        directory: order.directory,
        env: order.env,
        signal: run.cancelled,
        onStarted(pid, folder) {
          tails = startTails(run, folder)
          events.store({ type: 'workload-started', step, pid })
        }
      })
    },
    async after({ phase, step }, { record, events, parts, id }, answers) {
      if (phase !== 'work' || step == null) return
      parts.workloads.delete(id)
      await stopTails()
      const result = answers[0]?.value.workload
      if (result == null) return
      record.workload.push({ step, ...result })
      events.store({ type: 'workload-ended', step, ...result })
    },
    async close({ parts, id }) {
      parts.workloads.delete(id)
      await stopTails()
    }
  }
}

function startTails({ events }: RunContext, folder: string): Tail[] {
  return (['stdout', 'stderr'] as const).map(stream => {
    const tail = new Tail(join(folder, OUTPUT_FILES[stream]), bytes =>
      events.show({ type: 'output', stream, ...wrapOutput(bytes) })
    )
    tail.start(() => events.followed)
    return tail
  })
}
