/** A tool that is a command which a run brings; and what every tool has that is a command of a person. */
import type { Availability } from '../../protocols/hello.ts'
import type { SettingValue, ToolOptions } from '../../protocols/tool-options.ts'
import type { UserTool } from '../../protocols/user-tool.ts'
import { findProgram } from './find-program.ts'
import { filesOfProgram, notFound } from './program-tool.ts'
import { runProgram } from './run-program.ts'
import { programOf } from './shell-line.ts'
import { type Needs, type Tool, unusable } from './tool.ts'

/** Which variables of a word are replaced. */
const PLACE = /\{([a-z][a-z0-9_-]*)\}/g

/** A command that a run brings. @param name key in the run file's `tool` table */
export function commandTool(name: string, given: ToolOptions): Tool {
  const { command = [], options = [], stop_signal = 'TERM', files = [] } = given
  const words = [...command, ...options]
  const isPaced = given.read != null || takesInterval(words)
  return {
    ...{ name, summary: given.summary ?? 'a command of the run file', stop: `SIG${stop_signal}`, settings: [] },
    ...{ lifetime: given.lifetime ?? 'transient', eitherLifetime: true, isPaced, onEnd: given.on_end },
    ...{ needs: needsOf(given, command), files: filesOf(name, files) },
    check: () => checkCommand({ name, needs: given.needs }, words),
    async start(context) {
      const argv = filledIn(words, { interval: context.interval })
      return runProgram({ name, argv, brought: words, stopSignal: 'SIGTERM', expected: files }, context)
    }
  }
}

/** @returns the words with the values in the place of their names: `{interval}` */
export const filledIn = (words: string[], values: Record<string, SettingValue>): string[] =>
  words.map(word =>
    word.replace(PLACE, (whole, key) => (Object.hasOwn(values, key) ? String(values[key as string]) : whole))
  )

export const takesInterval = (words: string[]) => words.some(word => word.includes('{interval}'))

export function needsOf({ needs = {} }: Pick<ToolOptions, 'needs'>, command: string[]): Needs {
  const { root, privilege, program = programOf(command), ...packages } = needs
  return { program, ...packages, privilege: privilege ?? (root === true ? 'root' : undefined) }
}

export const filesOf = (name: string, files: string[]) => [
  ...files.map(file => ({ name: file, what: 'of the tool itself' })),
  ...filesOfProgram(name)
]

/** The program is looked up with the words that it gets: `net: tcpdump not found on PATH (tcpdump -i eth0)`. */
export async function checkCommand(
  { name, needs = {} }: { name: string; needs?: UserTool['needs'] },
  words: string[]
): Promise<Availability> {
  const [shell = ''] = words
  const program = needs.program ?? programOf(words) ?? shell
  for (const each of [shell, program]) {
    if ((await findProgram(each)) != null) continue
    const where = each.includes('/') ? 'is not the absolute path of an executable' : notFound(needs)
    const line = program === shell ? words.join(' ') : (words[2] as string)
    const shown = line === each ? '' : ` (${line})`
    return unusable(name, `${each} ${where}${shown}`)
  }
  if (needs.root === true && process.geteuid?.() !== 0) {
    const why = needs.privilege == null ? '' : `: ${needs.privilege}`
    return unusable(name, `needs root${why}`)
  }
  return { tool: name, usable: true }
}
