/** One program on the controller, as the caller typed it: its words, its environment, and how it ended. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { OUTPUT_FILES } from '../../../protocols/layout.ts'
import type { Step, WorkloadResult } from '../../../protocols/phase.ts'
import { type ServerAddresses, withAddresses } from '../../../protocols/server-words.ts'
import type { Iteration, Spec } from '../../../protocols/spec.ts'
import type { Supervised, Supervisor } from '../../processes/supervisor.ts'
import { MAX_TIMER_MS } from '../../timers.ts'
import { argvOf, environmentOf } from '../contract.ts'
import { replacedBy } from '../replaced-folder.ts'
import { statedIn } from '../stated/stated-in.ts'
import type { WorkloadContext } from '../workload-context.ts'

/** Time between the signal that asks a workload to stop and the one that kills it, ms. */
const STOP_GRACE_MS = 3_000

export interface CommandWork {
  run: string
  peer: string
  /** Of its member among all, and their number. */
  rank: number
  size: number
  spec: Spec
  step: Step
  /** For output and for what the workload leaves in BAK_OUT. */
  folder: string
  /** The daemon's control socket. */
  socket: string
  /** The file that says who takes part. */
  peers: string
  servers: ServerAddresses
}

/**
 * Runs the workload until it ends, its deadline comes, the run is cancelled or the signal aborts.
 * @returns how it ended, with what it said of itself, and which of its lines mean nothing
 */
export async function runCommand(
  work: CommandWork,
  context: WorkloadContext,
  { supervisor, signal }: { supervisor: Supervisor; signal: AbortSignal }
): Promise<{ workload: WorkloadResult; warnings: string[] }> {
  const { spec, step, folder, servers, rank } = work
  const iteration = spec.iterations[step.number - 1] as Iteration
  await mkdir(folder, { recursive: true })
  const child = await supervisor.spawn({
    argv: argvOf(spec.command ?? [], iteration).map(word => withAddresses(word, servers, rank)),
    cwd: context.directory,
    env: { ...context.env, ...environmentOf({ ...work, iteration, out: folder }) },
    stdout: join(folder, OUTPUT_FILES.stdout),
    stderr: join(folder, OUTPUT_FILES.stderr)
  })
  context.onStarted(child.pid, folder)
  const result = await finish(child, spec.policy.timeout * 1000, AbortSignal.any([signal, context.signal]))
  const replaced = await replacedBy(folder)
  if (replaced != null) return { workload: { ...result, error: replaced }, warnings: [] }
  const { error, metrics, warnings } = await statedIn(folder)
  return { workload: { ...result, error, metrics: metrics.length === 0 ? undefined : metrics }, warnings }
}

/** @param timeout ms; 0 is never */
async function finish(child: Supervised, timeout: number, signal: AbortSignal): Promise<WorkloadResult> {
  let timedOut = false
  const stop = () => void child.stop({ grace: STOP_GRACE_MS })
  const expire = () => {
    timedOut = true
    stop()
  }
  const timer = timeout > 0 ? setTimeout(expire, Math.min(timeout, MAX_TIMER_MS)) : undefined
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const { exit, signal: by, duration } = await child.exited
    return { exit, signal: by, duration, timedOut }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    // what the workload left running in its process group ends with it
    await child.stop({ grace: STOP_GRACE_MS })
  }
}
