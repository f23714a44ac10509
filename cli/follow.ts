/** Follows a run to its end with a view, and determines the exit status of `bak`. */
import { constants } from 'node:os'
import type { Begun } from '../protocols/control.ts'
import { asBakError, BakError, exitStatus } from '../protocols/errors.ts'
import type { EndedEvent, MovedEvent, RunEvent } from '../protocols/events.ts'
import { goOnWithoutOutput } from '../protocols/output-failure.ts'
import type { WorkloadResult } from '../protocols/phase.ts'
import { isWhole, statusOf } from '../protocols/verdict.ts'
import type { Context } from './command.ts'
import type { AtEnd } from './report-at-end.ts'
import type { View } from './views/view.ts'

interface FollowOptions {
  view: View
  /** As the person named it; the daemon answers with the run id. */
  run?: string
  /** Aborts when the person detaches from the run. */
  signal: AbortSignal
  strict?: boolean
  propagateExit?: boolean
  /** Whether the person has cancelled the run. */
  isCancelled?: () => boolean
  /** Called where contact is lost. @throws where more is known about it */
  onLost?: (run: string) => Promise<void>
  /** Called when the run has ended and its result is where it is to be. @returns whether what it was to do was done */
  onEnd?: (run: string) => Promise<AtEnd>
  /** Called with the run id as soon as it is known. */
  onRun?: (run: string) => void
}

/** @returns the exit status */
export async function follow(events: AsyncIterable<Begun | RunEvent>, options: FollowOptions): Promise<number> {
  const { view, strict = false, propagateExit = false, onRun = () => {} } = options
  let { run } = options
  let ended: EndedEvent | undefined
  let moved: MovedEvent | undefined
  let workload: Pick<WorkloadResult, 'exit' | 'signal'> | undefined
  let named = false
  goOnWithoutOutput()
  try {
    for await (const event of events) {
      if ('existed' in event || event.type === 'created') {
        run = event.run
        named = true
        onRun(run)
      }
      if ('existed' in event) {
        await view.start(event)
        continue
      }
      // jobs have no exit status of their own together
      if (event.type === 'workload-ended' && event.step.warmup == null && !event.jobs) workload = event
      if (event.type === 'ended') ended = event
      if (event.type === 'moved') moved = event
      await view.show(event)
    }
  } catch (thrown) {
    await view.finish(run ?? 'run', ended)
    if (ended != null && run != null) return leaveResult(thrown, run, options)
    return detach(thrown, named ? run : undefined, options)
  }
  const atEnd = ended == null || run == null ? undefined : await options.onEnd?.(run)
  for (const text of atEnd?.texts ?? []) await view.say(text)
  await view.finish(run ?? 'run', ended, moved)
  if (ended == null) return detach(undefined, run, options)
  const status = statusOfRun(ended, workload, { strict, propagateExit })
  // it was asked for, and did not happen
  return status === 0 && (moved?.error != null || atEnd?.isDone === false) ? exitStatus.partial : status
}

/** The run has ended, and its result is on its way. */
async function leaveResult(thrown: unknown, run: string, { view, signal }: FollowOptions): Promise<number> {
  const error = asBakError(thrown)
  if (error.code !== 'lost-contact' && !signal.aborted) throw error
  const why = signal.aborted ? 'detached from' : 'lost contact with'
  await view.say(`bak: ${why} run ${run} before its result was where it is to go: bak show ${run}`)
  return exitStatus['lost-contact']
}

/** The run goes its way without this program. */
async function detach(
  thrown: unknown,
  run: string | undefined,
  { view, signal, isCancelled = () => false, onLost = async () => {} }: FollowOptions
): Promise<number> {
  const error = thrown == null ? undefined : asBakError(thrown)
  if (run == null && error != null) throw error
  if (error != null && error.code !== 'lost-contact' && !signal.aborted) throw error
  if (run != null && !signal.aborted) await onLost(run)
  const why = signal.aborted ? 'detached from' : 'lost contact with'
  const then = isCancelled() ? 'which is being cancelled' : 'which continues'
  await view.say(`bak: ${why} run ${run}, ${then}: bak attach ${run}`)
  return exitStatus['lost-contact']
}

/** @param then what comes of the run, if so @throws {BakError} `no-daemon` if the daemon here is gone */
export async function checkDaemon({ ask, home }: Pick<Context, 'ask' | 'home'>, then: string): Promise<void> {
  const failed = await ask('status', {}).then(
    () => undefined,
    error => asBakError(error).code
  )
  if (failed !== 'no-daemon' && failed !== 'lost-contact') return
  throw new BakError('no-daemon', `the daemon here has ended; ${then}: bak-node daemon --home ${home}`)
}

function statusOfRun(
  ended: EndedEvent,
  workload: Pick<WorkloadResult, 'exit' | 'signal'> | undefined,
  { strict, propagateExit }: { strict: boolean; propagateExit: boolean }
): number {
  const { verdict, status } = ended
  if (propagateExit && verdict === 'workload-failed' && workload != null) return exitOf(workload) || status
  return status === 0 ? statusOf(verdict, isWhole(ended), strict) : status
}

/** As in a shell: 128 and the number of the signal. */
function exitOf({ exit, signal }: Pick<WorkloadResult, 'exit' | 'signal'>): number {
  if (exit != null) return exit
  return 128 + (constants.signals[signal as NodeJS.Signals] ?? (Number(signal) || 0))
}
