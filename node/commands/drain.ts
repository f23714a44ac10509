import type { Command } from 'commander'
import { addCommand, ask, example, print } from '../command.ts'

export function addDrain(program: Command): void {
  addCommand(program, 'drain', 'refuse new runs; what goes on goes on', act)
    .option('--off', 'take runs again')
    .addHelpText('after', example('bak-node drain --off', 'after the maintenance'))
}

async function act(command: Command): Promise<void> {
  print((await ask(command, 'drain', { on: command.opts().off !== true })).state)
}
