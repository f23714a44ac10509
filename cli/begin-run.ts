/** Begins a run by a call to the daemon, and follows it or leaves it to itself. */

import type { Begun } from '../protocols/control.ts'
import { callDaemon } from '../protocols/control-http.ts'
import { asBakError, BakError } from '../protocols/errors.ts'
import type { RunEvent } from '../protocols/events.ts'
import { atEnd } from './at-end.ts'
import type { Context } from './command.ts'
import { checkDaemon, follow } from './follow.ts'
import type { FollowFlags } from './follow-flags.ts'
import { describeBegun } from './format.ts'
import { onSignals } from './interrupt.ts'
import { commandOutputOf } from './live-output.ts'
import { cleanLine, writeTo } from './output.ts'
import { tellSilence } from './silence.ts'
import { chooseView } from './views/index.ts'
import type { View } from './views/view.ts'
import { checkJunit, writeJunit } from './write-junit.ts'

type Beginning = (options?: { signal: AbortSignal }) => AsyncIterable<Begun | RunEvent>

/** Prints the id of the run. @returns the exit status */
export async function beginOnly({ json, print }: Context, begin: Beginning): Promise<number> {
  for await (const first of begin()) {
    if (!('existed' in first)) break
    await print(json ? JSON.stringify(first) : first.run)
    // the id alone is on stdout
    if (!json && first.absent.length > 0) await writeTo(process.stderr, `${cleanLine(describeBegun(first))}\n`)
    return 0
  }
  throw new BakError('bad-message', 'the daemon did not answer with the id of the run')
}

/**
 * Ctrl-C cancels the run, a second one detaches from it.
 * @param makeView gets a signal that aborts when the person detaches; by default the view that the options choose
 * @returns the exit status
 */
export async function beginAndFollow(
  context: Context,
  options: FollowFlags,
  begin: Beginning,
  makeView = (signal: AbortSignal) => chosenView(context, options, signal)
): Promise<number> {
  const { ask } = context
  checkJunit(options)
  const leaving = new AbortController()
  const { signal } = leaving
  const view = await makeView(signal)
  let run: string | undefined
  let isCancelled = false
  const cancel = (by: NodeJS.Signals) => {
    // the daemon cancels a run whose caller leaves before it is told the id
    if (run == null) return leaving.abort()
    isCancelled = true
    const isTyped = by === 'SIGINT'
    view.say(isTyped ? 'cancelling; press Ctrl-C again to detach' : `cancelling, because of ${by}`)
    ask('cancel', { run, reason: isTyped ? 'Ctrl-C' : by }).catch(error =>
      view.say(`bak: cannot cancel: ${asBakError(error).message}`)
    )
  }
  const release = onSignals({ cancel, detach: () => leaving.abort() })
  try {
    const status = await follow(tellSilence(begin({ signal }), context.socket, view.say), {
      ...{ ...options, view, signal, onEnd: atEnd(context, options, signal) },
      isCancelled: () => isCancelled,
      onLost: id => checkDaemon(context, `run ${id} ends when it starts again`),
      onRun: id => (run = id)
    })
    return await writeJunit(context, options, run, status)
  } finally {
    release()
  }
}

function chosenView({ socket, json }: Context, options: FollowFlags, signal: AbortSignal): Promise<View> {
  const rest = (run: string) => commandOutputOf(callDaemon(socket, 'logs', { run }, { signal }))
  return chooseView({ ...options, json, socket, rest })
}
