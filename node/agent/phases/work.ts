import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { BakError } from '../../../protocols/errors.ts'
import { type Step, stepFolder, type WorkloadResult } from '../../../protocols/phase.ts'
import type { Iteration, Spec } from '../../../protocols/spec.ts'
import type { Exit, Supervised } from '../../processes/supervisor.ts'
import type { MemberState } from '../member-state.ts'
import type { PhaseContext, PhaseHandler } from './phase.ts'

/** A workload that was asked to stop has this long to do so. */
const GRACE = 3_000

/** Runs the workload with the caller's folder and environment, until it ends, its deadline comes or the phase is over. */
export const work: PhaseHandler = async context => {
  const { command, member, parts } = context
  const loan = parts.loan(member.run)
  if (loan == null) throw new BakError('not-allowed', 'nobody lent this member a workload')
  const step = command.step as Step
  const out = loan.out(join(stepFolder(step), 'workload'))
  await mkdir(out, { recursive: true })
  const iteration = member.offer.spec.iterations[step.number - 1] as Iteration
  const child = await parts.supervisor.spawn({
    argv: argvOf(member.offer.spec, iteration),
    cwd: loan.directory,
    env: { ...loan.env, ...environment(context, step, iteration, out) },
    stdout: join(out, 'stdout.txt'),
    stderr: join(out, 'stderr.txt')
  })
  loan.onStarted(child.pid)
  return { workload: await finish(child, member.offer.spec.policy.timeout * 1000, context.signal) }
}

function argvOf({ command }: Spec, { args }: Iteration): string[] {
  if (typeof command !== 'string') return [...command, ...args]
  return args.length === 0 ? ['/bin/sh', '-c', command] : ['/bin/sh', '-c', `${command} "$@"`, 'sh', ...args]
}

function environment({ member, parts }: PhaseContext, step: Step, iteration: Iteration, out: string) {
  const params = Object.entries(iteration.params).map(([key, value]) => [`BAK_PARAM_${key.toUpperCase()}`, value])
  return {
    BAK_RUN: member.run,
    BAK_PEER: member.self,
    BAK_GROUP: 'default',
    BAK_RANK: String(rankOf(member)),
    BAK_ITERATION: step.name,
    BAK_SAMPLE: String(step.sample),
    BAK_OUT: out,
    BAK_SOCK: parts.socket,
    ...Object.fromEntries(params)
  }
}

function rankOf(member: MemberState): number {
  return member.manifest?.roster.find(entry => entry.peer === member.self)?.rank ?? 0
}

/** @param timeout ms; 0 is never */
async function finish(child: Supervised, timeout: number, signal: AbortSignal): Promise<WorkloadResult> {
  let timedOut = false
  const stop = () => void child.stop({ grace: GRACE })
  const timer = setTimeout(
    () => {
      timedOut = true
      stop()
    },
    timeout > 0 ? Math.min(timeout, 2 ** 31 - 1) : 2 ** 31 - 1
  )
  if (timeout === 0) clearTimeout(timer)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const end: Exit = await child.exited
    return { exit: end.exit, signal: end.signal, duration: end.duration, timedOut }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    // what the workload left running in its group goes with it
    await child.stop({ grace: GRACE })
  }
}
