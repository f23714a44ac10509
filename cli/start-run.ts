/** Starts a run and follows it; signals to this program cancel it, or leave it. */
import type { CallRequest } from '../protocols/control.ts'
import { callDaemon } from '../protocols/control-http.ts'
import { asBakError } from '../protocols/errors.ts'
import type { Context } from './command.ts'
import { checkDaemon, follow } from './follow.ts'
import { onSignals } from './interrupt.ts'
import type { View } from './views/view.ts'

interface StartOptions {
  strict?: boolean
  propagateExit?: boolean
}

/**
 * @param makeView gets a signal that aborts when the person detaches from the run
 * @returns the exit status
 */
export async function startRun(
  context: Context,
  options: StartOptions,
  request: CallRequest<'run'>,
  makeView: (signal: AbortSignal) => Promise<View>
): Promise<number> {
  const { socket, ask } = context
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
    const events = callDaemon(socket, 'run', request, { signal })
    return await follow(events, {
      ...{ ...options, view, signal },
      isCancelled: () => isCancelled,
      onLost: id => checkDaemon(context, `run ${id} ends when it starts again`),
      onRun: id => (run = id)
    })
  } finally {
    release()
  }
}
