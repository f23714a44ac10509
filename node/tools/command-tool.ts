/** A tool of the user's own: any program, run between start and stop. */
import type { Availability } from '../../protocols/hello.ts'
import type { ToolOptions } from '../../protocols/spec.ts'
import { findProgram } from './find-program.ts'
import { runProgram } from './run-program.ts'
import type { Tool } from './tool.ts'

/** @param name the key of the run file's `tool` table whose `command` it runs */
export function commandTool(name: string): Tool {
  return {
    name,
    summary: 'a command of the run file',
    check: options => checkCommand(name, options),
    async start(context) {
      const { command = [], options = [], stop_signal = 'TERM' } = context.options
      const run = {
        name,
        argv: [...command, ...options],
        env: { LC_ALL: 'C' },
        stopSignal: `SIG${stop_signal}` as const
      }
      return runProgram(run, context)
    }
  }
}

async function checkCommand(name: string, { command: [program = ''] = [] }: ToolOptions): Promise<Availability> {
  if ((await findProgram(program)) != null) return { tool: name, usable: true }
  const where = program.includes('/') ? 'is not a program that can be run, by its absolute path' : 'not found on PATH'
  return { tool: name, usable: false, reason: `${name}: ${program} ${where}` }
}
