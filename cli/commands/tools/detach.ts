/** `bak tools detach`: takes a tool away from a run that goes on. */
import type { Command } from 'commander'
import { addExamples, addFlag, type Context, RUN, setAction } from '../../command.ts'
import { type ChangeOptions, changeTools } from '../../tool-change.ts'

export function defineDetach(command: Command): void {
  command.argument('<run>', RUN).argument('<name>', 'the tool')
  command.usage('RUN NAME [--on SELECTOR]')
  addFlag(command, '--on <selector>', 'on which of its members', option => option.default('all'))
  addFlag(command, '--group <name>', 'from which group of tools', option => option.default('default'))
  addExamples(command, { 'bak tools detach last sar': 'from the next sample on; what it wrote is kept' })
  setAction(command, act)
}

function act(context: Context, options: ChangeOptions, run = '', tool = ''): Promise<number> {
  return changeTools(context, { ...options, change: 'detach', run, tool })
}
