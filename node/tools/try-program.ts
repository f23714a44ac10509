/** Tries whether a program can do what a tool needs: briefly, and without a trace. */
import { execFile } from 'node:child_process'
import { chosenEnvironment } from '../processes/environment.ts'
import { errorLineOf } from '../processes/error-line.ts'

/** A machine may be busy; one that takes longer answers nobody who asks before a run. */
const TIMEOUT_MS = 3_000

export interface Tried {
  /** Exit status 0. */
  isDone: boolean
  stdout: string
  stderr: string
}

interface TryOptions {
  /** Ms. */
  timeout?: number
  /** Beside the usual variables. */
  env?: Record<string, string>
}

/** Never rejects; what takes too long is killed. */
export function tryProgram(
  [program = '', ...words]: string[],
  { timeout = TIMEOUT_MS, env = {} }: TryOptions = {}
): Promise<Tried> {
  const bounds = { timeout, killSignal: 'SIGKILL', maxBuffer: 256 * 1024, cwd: '/' } as const
  return new Promise(resolve => {
    execFile(
      program,
      words,
      { ...bounds, env: { ...chosenEnvironment({ home: '/' }), ...env } },
      (error, stdout, stderr) => {
        const late = error?.killed === true ? `no answer in ${timeout / 1000} s\n` : ''
        resolve({ isDone: error == null, stdout, stderr: `${stderr}\n${late}` })
      }
    )
  })
}

/** @returns the line that says why it failed, without the name of the program before it */
export function reasonOf({ stderr, stdout }: Tried): string {
  const line = errorLineOf(stderr) || errorLineOf(stdout) || 'it does not say why'
  return line.replace(/^[a-z][\w-]*: (?=\S)/, '')
}
