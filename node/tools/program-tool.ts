/** Tools that are programs which print a sample at each interval until they are stopped. */
import type { Availability } from '../../protocols/hello.ts'
import { findProgram, versionOf } from './find-program.ts'
import { runProgram } from './run-program.ts'
import type { Tool } from './tool.ts'

interface ProgramTool {
  /** Name of the tool and of its program. */
  name: string
  summary: string
  /** The package that contains the program. */
  package: string
  /** @param interval whole seconds @param extra options of the user */
  argv(interval: number, extra: string[]): string[]
  /** The file whose first bytes show that the tool works, if not its stdout. */
  output?: string
  /** @returns what this user cannot observe with it */
  limits?(): string | undefined
  /** @returns the argv of a program that these options of the user would make it run */
  runs?(options: string[]): string[] | undefined
}

export function programTool(program: ProgramTool): Tool {
  const { name, summary, output } = program
  return {
    name,
    summary,
    check: () => checkProgram(program),
    runs: program.runs,
    async start(context) {
      const { options } = context
      const wanted = options.interval ?? context.interval
      // sysstat and procps accept whole seconds only
      const interval = Math.max(1, Math.round(wanted))
      const argv = [name, ...program.argv(interval, options.options ?? [])]
      const remarks =
        interval === wanted ? [] : [`sampled every ${interval} s, because it does not support ${wanted} s`]
      // most programs then write what they have buffered
      const stopSignal = `SIG${options.stop_signal ?? 'INT'}` as const
      const words = options.options ?? []
      const brought = program.runs?.(words) == null ? undefined : words
      return runProgram({ name, argv, stopSignal, output, remarks, brought }, context)
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
