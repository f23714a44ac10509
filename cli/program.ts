/** Builds commander's program, runs one command, and turns an error into an exit status. */
import { Command, CommanderError } from 'commander'
import { refuseDebugger } from '../protocols/debugger.ts'
import { asBakError, exitStatus } from '../protocols/errors.ts'
import { withNearestCommand } from '../protocols/nearest.ts'
import { watchOutput } from '../protocols/output-failure.ts'
import { checkWords } from '../protocols/utf8.ts'
import { dropEmptyVariables } from '../protocols/variables.ts'
import { PROGRAM } from '../protocols/version.ts'
import { addFlag, setInvocation, statusOfCommand } from './command.ts'
import { type CommandEntry, commands } from './commands.ts'
import { cleanLine } from './output.ts'

/** @param argv the words after the program's name @returns the exit status */
export async function runProgram(argv: string[]): Promise<number> {
  refuseDebugger()
  watchOutput('bak')
  const end = argv.indexOf('--')
  const words = end === -1 ? argv : argv.slice(0, end)
  setInvocation(end === -1 ? undefined : argv.slice(end + 1), () => buildProgram(() => true))
  try {
    checkWords()
    dropEmptyVariables(process.env)
    const program = await buildProgram(entry => entry.name === findName(words))
    await program.parseAsync(words, { from: 'user' })
    return statusOfCommand()
  } catch (error) {
    return report(error)
  }
}

/** @param isLoaded which commands get their flags; the others only appear in the help */
export async function buildProgram(isLoaded: (entry: CommandEntry) => boolean): Promise<Command> {
  const program = new Command('bak')
    .description('Measures many machines at once, and brings back one verified result.')
    .version(PROGRAM)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(inOneLine(text)) })
  addGlobals(program)
  for (const entry of commands) {
    const command = program.command(entry.name).description(entry.summary)
    if (isLoaded(entry)) (await entry.load()).define(command)
  }
  program.showSuggestionAfterError(false)
  program.addHelpText('after', '\nbak-node starts the daemon that this program talks to.')
  program.hook('preAction', async (_, command) => (await import('./settings.ts')).applySettings(command))
  return program
}

/** Formats commander's usage errors. */
function inOneLine(text: string): string {
  const line = text.replace(/^error: /, 'bak: ').replace('\n(', ' (')
  return withNearestCommand(
    line,
    'bak',
    commands.map(({ name }) => name)
  )
}

function addGlobals(program: Command): void {
  addFlag(program, '--home <dir>', "the daemon's state folder")
  addFlag(program, '--json', 'print JSON, a value a line')
  addFlag(program, '--no-color', 'no colours, as with NO_COLOR')
}

/** The name of the command: the first word that is no flag; for `bak help run` it is run. */
function findName(words: string[]): string | undefined {
  const plain = words.filter((word, i) => !word.startsWith('-') && words[i - 1] !== '--home')
  return plain[0] === 'help' ? plain[1] : plain[0]
}

function report(thrown: unknown): number {
  // commander has printed the error
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : exitStatus.usage
  const error = asBakError(thrown)
  const hint = error.code === 'bug' ? ' (a bug of bak; DEBUG=1 shows where)' : ''
  for (const line of error.message.split('\n')) process.stderr.write(`bak: ${cleanLine(line)}${hint}\n`)
  if (process.env.DEBUG) process.stderr.write(`${(thrown as Error)?.stack ?? thrown}\n`)
  return exitStatus[error.code]
}
