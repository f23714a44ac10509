/** A tool that is a command of the run file: any program, run between start and stop. */
import type { Availability } from '../../protocols/hello.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { findProgram } from './find-program.ts'
import { filesOfProgram } from './program-tool.ts'
import { runProgram } from './run-program.ts'
import { programOf } from './shell-line.ts'
import type { Tool } from './tool.ts'

/** @param name key in the run file's `tool` table */
export function commandTool(name: string): Tool {
  return {
    name,
    summary: 'a command of the run file',
    ...{ lifetime: 'transient', eitherLifetime: true, stop: 'SIGTERM' },
    ...{ needs: {}, settings: [], files: filesOfProgram(name) },
    check: options => checkCommand(name, options),
    async start(context) {
      const { command = [], options = [], stop_signal = 'TERM' } = context.options
      const argv = [...command, ...options]
      return runProgram({ name, argv, brought: argv, stopSignal: `SIG${stop_signal}` as const }, context)
    }
  }
}

/** The program is looked up with the words that it gets: `net: tcpdump not found on PATH (tcpdump -i eth0)`. */
async function checkCommand(name: string, { command = [], options = [] }: ToolOptions): Promise<Availability> {
  const [shell = ''] = command
  const program = programOf(command) ?? shell
  for (const each of [shell, program]) {
    if ((await findProgram(each)) != null) continue
    const where = each.includes('/') ? 'is not the absolute path of an executable' : 'not found on PATH'
    const line = program === shell ? [...command, ...options].join(' ') : (command[2] as string)
    const words = line === each ? '' : ` (${line})`
    return { tool: name, usable: false, reason: `${name}: ${each} ${where}${words}`.slice(0, 1024) }
  }
  return { tool: name, usable: true }
}
