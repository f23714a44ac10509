/** Makes a tool of a program that prints a sample at each interval until it is stopped. */
import type { Availability } from '../../protocols/hello.ts'
import { findProgram, versionOf } from './find-program.ts'
import { runProgram } from './run-program.ts'
import type { Tool } from './tool.ts'

export interface ProgramTool {
  /** Of the tool and of its program. */
  name: string
  summary: string
  /** The package to install where the program is missing. */
  package: string
  /** @param interval whole seconds; @param extra further words that the user gave */
  argv(interval: number, extra: string[]): string[]
  env?: Record<string, string>
  /** Default SIGINT: most programs then write what they still hold. */
  stopSignal?: NodeJS.Signals
  /** The file in its folder whose first bytes show that it produces, where that is not its stdout. */
  output?: string
  /** @returns what it cannot show to this user */
  limits?(): string | undefined
  /** @returns the words of the program that further words of the user would make it run */
  runs?(options: string[]): string[] | undefined
}

export function programTool(program: ProgramTool): Tool {
  const { name, summary, env = {}, stopSignal = 'SIGINT', output } = program
  return {
    name,
    summary,
    check: () => checkProgram(program),
    runs: program.runs,
    async start(context) {
      const { options } = context
      const asked = options.interval ?? context.interval
      // the programs of sysstat and procps take whole seconds only
      const interval = Math.max(1, Math.round(asked))
      const argv = [name, ...program.argv(interval, options.options ?? [])]
      const warnings = interval === asked ? [] : [`sampled every ${interval} s, as it cannot every ${asked} s`]
      const signal = options.stop_signal == null ? stopSignal : (`SIG${options.stop_signal}` as const)
      return runProgram({ name, argv, env: { LC_ALL: 'C', ...env }, stopSignal: signal, output, warnings }, context)
    }
  }
}

async function checkProgram(program: ProgramTool): Promise<Availability> {
  const { name } = program
  const path = await findProgram(name)
  if (path == null) {
    const reason = `${name}: not found on PATH; install the package ${program.package}`
    return { tool: name, usable: false, reason }
  }
  const version = await versionOf(path)
  const limits = program.limits?.()
  return { tool: name, usable: true, version, reason: limits == null ? undefined : `${name}: ${limits}` }
}
