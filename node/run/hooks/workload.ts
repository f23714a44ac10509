/** The command of the phase `work`: hands the caller's folder and environment to it, shows its output live, keeps its result. */
import { join } from 'node:path'
import { OUTPUT_FILES, stepFolder } from '../../../protocols/layout.ts'
import { type OutputStream, wrapOutput } from '../../../protocols/output.ts'
import { describeExit, type Step } from '../../../protocols/phase.ts'
import { hasFailed } from '../../../protocols/work-entry.ts'
import { errorLineIn } from '../../processes/error-line.ts'
import { StatedNow } from '../../work/stated/stated-now.ts'
import type { RunContext } from '../run-context.ts'
import { Tail } from '../tail.ts'
import type { RunHook } from './hook.ts'

const STREAMS = ['stdout', 'stderr'] as const

/** @returns the hook of one run */
export function workload(): RunHook {
  const tails = new Map<OutputStream, Tail>()
  /** Bytes of all samples that are over. */
  const written = { stdout: 0, stderr: 0 }
  let output = ''
  const stopTails = async () => {
    for (const [stream, tail] of [...tails]) {
      tails.delete(stream)
      await tail.stop()
      written[stream] += tail.size
    }
  }
  return {
    name: 'workload',
    before({ phase, part, step }, run) {
      if (phase !== 'work' || part != null || step == null) return
      const { order, events, parts } = run
      // it goes on while its output says when tools run
      if (parts.workloads.has(order.run)) return
      parts.workloads.set(order.run, {
        directory: order.directory,
        env: order.env,
        signal: run.cancelled,
        onStarted(pid, folder) {
          output = folder
          for (const stream of STREAMS) tails.set(stream, startTail(run, step, folder, stream, written[stream]))
          events.store({ type: 'workload-started', step, pid })
        }
      })
    },
    async after({ phase, part, groups, step }, { record, events, parts, id }, answers) {
      if ((phase !== 'work' && phase !== 'stop') || part != null || groups != null || step == null) return
      // one that `stop` cut short is in the answer to that
      const answer = answers.find(({ by }) => by === record.controller.peer)?.value
      if (phase === 'work' && answer?.edges != null && answer.workload == null) return
      if (!parts.workloads.delete(id)) return
      await stopTails()
      const result = answer?.workload
      if (result == null) return
      const stated = result.error ?? ''
      const error = stated !== '' || result.exit === 0 ? stated : await errorLineIn(join(output, OUTPUT_FILES.stderr))
      const ended = { step, ...result, ...(error === '' ? {} : { error }) }
      record.workload.push(ended)
      events.store({ type: 'workload-ended', ...ended, written: { ...written } })
      if (step.warmup && hasFailed(ended))
        events.store({
          type: 'warning',
          text: `${stepFolder(step)} failed (${describeExit(ended)}), which counts for nothing`
        })
    },
    async close({ parts, id }) {
      parts.workloads.delete(id)
      await stopTails()
    }
  }
}

/** @param before bytes that earlier samples wrote */
function startTail({ events }: RunContext, step: Step, folder: string, stream: OutputStream, before: number): Tail {
  const stated = new StatedNow(now => events.show({ type: 'stated', step, ...now }))
  const tail = new Tail(join(folder, OUTPUT_FILES[stream]), (bytes, offset) => {
    events.show({ type: 'output', stream, offset: before + offset, ...wrapOutput(bytes) })
    if (stream === 'stdout') stated.push(bytes, offset)
  })
  tail.start(() => events.followed)
  return tail
}
