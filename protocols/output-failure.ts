/** What both programs do when standard output or standard error cannot be written: a full disk, or a reader that is gone. */
import { getSystemErrorMessage } from 'node:util'
import { exitStatus } from './errors.ts'

/** The least exit status of a program that continues after a failed write. */
let later: number | undefined

/** A closed pipe ends a program quietly, as in `bak ls | head -1`; any other failure ends it with one line and status 74. */
export function watchOutput(program: string): void {
  const names = { stdout: 'standard output', stderr: 'standard error' }
  let isTold = false
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return name === 'stdout' && later == null ? process.exit(0) : undefined
      if (isTold) return
      isTold = true
      const why = error.errno == null ? error.message : `${getSystemErrorMessage(error.errno)} (${error.code})`
      process[name === 'stdout' ? 'stderr' : 'stdout'].write(`${program}: cannot write to ${names[name]}: ${why}\n`)
      if (later == null) process.exit(exitStatus.io)
      // a run that failed keeps its own status
      process.once('exit', () => {
        process.exitCode ||= later
      })
    })
  }
}

/** For a program that is more than its output: one that follows a run, with status 74 in place of 0, or the daemon, with 0. */
export function goOnWithoutOutput(status: number = exitStatus.io): void {
  later = status
}
