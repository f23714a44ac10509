/** Tools that are programs which print a sample at each interval until they are stopped. */
import type { Availability } from '../../protocols/hello.ts'
import { type SettingValue, type ToolOptions, wordsOf } from '../../protocols/tool-options.ts'
import { findProgram, versionOf } from './find-program.ts'
import { type KnownWords, unknownWord } from './known-words.ts'
import { runProgram } from './run-program.ts'
import { intervalOf, intervalSetting, settingsOf } from './settings-of.ts'
import { type Needs, type Setting, type Tool, type ToolFile, unusable } from './tool.ts'

interface ProgramTool {
  /** Name of the tool and of its program. */
  name: string
  summary: string
  /** The program has the name of the tool. */
  needs: Omit<Needs, 'program'>
  /** Beside the interval. */
  settings?: Setting[]
  /** @param interval whole seconds @param extra words of the user @param values of its settings */
  argv(interval: number, extra: string[], values: Record<string, SettingValue>): string[]
  /** The file whose first bytes show that the tool works, if not its stdout. */
  output?: string
  /** Beside its stdout, its stderr and its command line. */
  files?: ToolFile[]
  /** @returns what this user cannot observe with it */
  limits?(): string | undefined
  /** Words of the user with which it only observes: others make it a program that the run brings. */
  known: KnownWords
  /** @returns the argv of a program that these words of the user would make it run */
  runs?(words: string[]): string[] | undefined
}

/** The files of each tool that is a program. */
export const filesOfProgram = (name: string): ToolFile[] => [
  { name: `${name}-stdout.txt`, what: 'what it prints' },
  { name: `${name}-stderr.txt`, what: 'its messages' },
  { name: `${name}.cmd`, what: 'its command line' }
]

export function programTool(program: ProgramTool): Tool {
  const { name, summary, output } = program
  const runBy = ({ options: words = [] }: ToolOptions) => {
    const own = words.filter(word => !isSetting(word, tool))
    return program.runs?.(own) ?? (unknownWord(own, program.known) == null ? undefined : [name, ...own])
  }
  const tool: Tool = {
    ...{ name, summary, lifetime: 'transient', stop: 'SIGINT' },
    needs: { program: name, ...program.needs },
    settings: [intervalSetting, ...(program.settings ?? [])],
    files: [...(program.files ?? []), ...filesOfProgram(name)],
    check: () => checkProgram(program),
    runs: options => runBy(options),
    async start(context) {
      const { options } = context
      const { values, words } = settingsOf(tool, options)
      const wanted = intervalOf(values, context)
      // sysstat and procps accept whole seconds only
      const interval = Math.max(1, Math.round(wanted))
      const argv = [name, ...program.argv(interval, words, values)]
      const remarks =
        interval === wanted ? [] : [`sampled every ${interval} s, because it does not support ${wanted} s`]
      const brought = runBy(options) == null ? undefined : wordsOf(options)
      return runProgram({ name, argv, stopSignal: 'SIGINT', output, remarks, brought }, context)
    }
  }
  return tool
}

/** `--interval=5` is for bak. */
const isSetting = (word: string, { settings }: Tool) => settings.some(({ name }) => word.startsWith(`--${name}=`))

async function checkProgram({ name, needs, limits }: ProgramTool): Promise<Availability> {
  const path = await findProgram(name)
  if (path == null) return unusable(name, notFound(needs))
  const version = await versionOf(path)
  const limit = limits?.()
  return { tool: name, usable: true, version, reason: limit == null ? undefined : `${name}: ${limit}` }
}

/** @returns `not found on PATH; install the package procps (Fedora: procps-ng)` */
export function notFound({ debian, fedora }: Needs): string {
  const [first, other] = debian == null ? [fedora] : [debian, fedora]
  if (first == null) return 'not found on PATH'
  const elsewhere = other == null || other === first ? '' : ` (Fedora: ${other})`
  return `not found on PATH; install the package ${first}${elsewhere}`
}
