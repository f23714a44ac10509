/** `bak tools attach`: adds a tool to a run that goes on. */
import type { Command } from 'commander'
import { addExamples, addFlag, type Context, RUN, setAction } from '../../command.ts'
import { type ChangeOptions, changeTools } from '../../tool-change.ts'

export function defineAttach(command: Command): void {
  command.argument('<run>', RUN).argument('<name>', 'the tool')
  command.usage('RUN NAME [--on SELECTOR] [-- OPTIONS]')
  addFlag(command, '--on <selector>', 'on which of its members', option => option.default('all'))
  addFlag(command, '--group <name>', 'in which group of tools', option => option.default('default'))
  addExamples(command, {
    'bak tools attach last pidstat --on db1': 'from the next sample on',
    'bak tools attach k3f9ab pidstat -- --interval=5': 'with options'
  })
  setAction(command, act, true)
}

function act(context: Context, options: ChangeOptions, run = '', tool = ''): Promise<number> {
  return changeTools(context, { ...options, change: 'attach', run, tool })
}
