/** A tool that is a command of the run file: any program, run between start and stop. */
import type { Availability } from '../../protocols/hello.ts'
import type { ToolOptions } from '../../protocols/spec.ts'
import { findProgram } from './find-program.ts'
import { runProgram } from './run-program.ts'
import type { Tool } from './tool.ts'

/** @param name key in the run file's `tool` table */
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
        env: {},
        stopSignal: `SIG${stop_signal}` as const
      }
      return runProgram(run, context)
    }
  }
}

async function checkCommand(name: string, { command: [program = ''] = [] }: ToolOptions): Promise<Availability> {
  if ((await findProgram(program)) != null) return { tool: name, usable: true }
  const where = program.includes('/') ? 'is not the absolute path of an executable' : 'not found on PATH'
  return { tool: name, usable: false, reason: `${name}: ${program} ${where}` }
}
