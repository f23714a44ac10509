/** One program on the controller, as the caller typed it: its words, its environment, and how it ended. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { COMMAND } from '../../../protocols/calls.ts'
import { MAX_TIMER_MS } from '../../../protocols/duration.ts'
import { OUTPUT_FILES } from '../../../protocols/layout.ts'
import type { Step, WorkloadResult } from '../../../protocols/phase.ts'
import { type ServerAddresses, withAddresses } from '../../../protocols/server-words.ts'
import type { Iteration, Spec } from '../../../protocols/spec.ts'
import { DEFAULT_PATH } from '../../processes/environment.ts'
import type { Supervised, Supervisor } from '../../processes/supervisor.ts'
import { onAbort } from '../../wait.ts'
import { type CallsInit, type OpenCalls, openCalls } from '../calls/open-calls.ts'
import { argvOf, environmentOf } from '../contract.ts'
import { OutputTimes } from '../output-times.ts'
import { deletedOutput, replacedBy } from '../replaced-folder.ts'
import { statedIn } from '../stated/stated-in.ts'
import type { WorkloadContext } from '../workload-context.ts'
import { enterFirst } from './enter-first.ts'

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
  /** For its client of calls; not collected. */
  callsFolder: string
  /** The file that says who takes part. */
  peers: string
  servers: ServerAddresses
  /** Files by which it enters a cgroup. */
  enter: string[]
}

interface CommandOptions {
  supervisor: Supervisor
  calls: CallsInit
  signal: AbortSignal
}

/**
 * Runs the workload until it ends, its deadline comes, the run is cancelled or the signal aborts.
 * @returns how it ended, with what it said of itself; which of its lines mean nothing, and what went wrong beside it
 */
export async function runCommand(
  work: CommandWork,
  context: WorkloadContext,
  { supervisor, calls: init, signal }: CommandOptions
): Promise<{ workload: WorkloadResult; warnings: string[] }> {
  const { spec, step, folder } = work
  await mkdir(folder, { recursive: true })
  const origin = { step, workload: COMMAND, instance: 1 }
  const calls = await openCalls({ ...init, origin, folder: work.callsFolder, out: folder })
  const times = new OutputTimes(folder)
  const warnings: string[] = []
  let result: WorkloadResult
  try {
    await times.start()
    const child = await start(work, context, supervisor, calls)
    result = await finish(child, spec.policy.timeout * 1000, AbortSignal.any([signal, context.signal]))
  } finally {
    await calls.close()
    const why = await times.stop()
    if (why != null) warnings.push(why)
  }
  const replaced = await replacedBy(folder)
  if (replaced != null) return { workload: { ...result, error: replaced }, warnings }
  const { error = await deletedOutput(folder), metrics, warnings: odd } = await statedIn(folder, spec.results)
  const workload = { ...result, error, metrics: metrics.length === 0 ? undefined : metrics }
  return { workload, warnings: [...warnings, ...odd] }
}

async function start(
  work: CommandWork,
  context: WorkloadContext,
  supervisor: Supervisor,
  { socket, bin }: OpenCalls
): Promise<Supervised> {
  const { spec, step, folder, servers, rank, enter } = work
  const iteration = spec.iterations[step.number - 1] as Iteration
  const env = {
    ...context.env,
    ...environmentOf({ ...work, iteration, out: folder, socket }),
    PATH: `${bin}:${context.env.PATH || DEFAULT_PATH}`
  }
  const cwd = context.directory
  const argv = argvOf(spec.command ?? [], iteration).map(word => withAddresses(word, servers, rank))
  const child = await supervisor.spawn({
    ...{ argv: await enterFirst({ argv, cwd, env, enter }), cwd, env, enter },
    stdout: join(folder, OUTPUT_FILES.stdout),
    stderr: join(folder, OUTPUT_FILES.stderr)
  })
  context.onStarted(child.pid, folder)
  return child
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
  const release = onAbort(signal, stop)
  try {
    const { exit, signal: by, duration } = await child.exited
    return { exit, signal: by, duration, timedOut }
  } finally {
    clearTimeout(timer)
    release()
    // what the workload left running in its process group ends with it
    await child.stop({ grace: STOP_GRACE_MS })
  }
}
