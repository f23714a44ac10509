/** Signals to a command that follows a run: Ctrl-C, the requests to end, and the end of the terminal. */
import { fstatSync } from 'node:fs'
import { isatty } from 'node:tty'

interface SignalActs {
  /** The first Ctrl-C, SIGTERM or SIGQUIT. */
  cancel(signal: NodeJS.Signals): void
  /** The second Ctrl-C; the terminal is gone (SIGHUP), and what is printed had a reader there. */
  detach(signal: NodeJS.Signals): void
}

/** @returns a function that restores the default */
export function onSignals({ cancel, detach }: SignalActs): () => void {
  let isCancelled = false
  const act = (signal: NodeJS.Signals) => {
    if (signal === 'SIGHUP') return isPrintedToFiles() ? undefined : detach(signal)
    if (!isCancelled) {
      isCancelled = true
      return cancel(signal)
    }
    // timeout(1) sends SIGTERM to its child and to its group at once: only a person asks a second time
    if (signal === 'SIGINT') detach(signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, act)
  return () => {
    for (const signal of signals) process.off(signal, act)
  }
}

/**
 * Whether nothing that is printed needs a terminal, as under nohup(1) with a file or /dev/null. That this had SIGHUP ignored cannot be told any more: Node gives each
 * signal its default action when it starts.
 */
const isPrintedToFiles = () =>
  [1, 2].every(descriptor => {
    const stats = fstatSync(descriptor)
    return stats.isFile() || (stats.isCharacterDevice() && !isatty(descriptor))
  })
