/**
 * Closes the door of the debugger: for SIGUSR1 Node listens on a port of loopback, where every user of the machine can then run code as the
 * user of this program. Tools of administrators send that signal to have logs opened again.
 */
export function refuseDebugger(): void {
  process.on('SIGUSR1', () => {})
}
