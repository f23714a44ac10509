/** Runs one command of `bak-node`, and turns an error into an exit status. */
import { refuseDebugger } from '../protocols/debugger.ts'
import { asBakError, exitStatus } from '../protocols/errors.ts'
import { watchOutput } from '../protocols/output-failure.ts'
import { checkWords } from '../protocols/utf8.ts'
import { dropEmptyVariables } from '../protocols/variables.ts'
import { buildProgram } from './commands.ts'

/** @param argv the words after the program's name @returns the exit status; for the daemon when it is ready */
export async function runProgram(argv: string[]): Promise<number> {
  refuseDebugger()
  watchOutput('bak-node')
  try {
    checkWords()
    dropEmptyVariables(process.env)
    await buildProgram().parseAsync(argv, { from: 'user' })
    return 0
  } catch (cause) {
    const error = asBakError(cause)
    for (const line of error.message.split('\n')) process.stderr.write(`bak-node: ${line}\n`)
    if (process.env.DEBUG != null || error.code === 'bug') process.stderr.write(`${(cause as Error).stack}\n`)
    return exitStatus[error.code]
  }
}
