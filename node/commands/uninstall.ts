/** `bak-node uninstall`: removes the systemd unit of this peer. */
import type { Command } from 'commander'
import { addCommand, example, print } from '../command.ts'
import { removeUnit } from '../service/unit-file.ts'
import { addPlace, placeOf } from './install.ts'

export function addUninstall(program: Command): void {
  const description = 'stop the unit that install wrote, and remove it; the home stays'
  const command = addCommand(program, 'uninstall', description, act)
  addPlace(command)
  command.addHelpText('after', example('bak-node uninstall --user', 'a unit that install did not write stays'))
}

async function act(command: Command): Promise<void> {
  const { path, existed, warnings } = await removeUnit(await placeOf(command), command.opts().unit)
  for (const warning of warnings) process.stderr.write(`bak-node: ${warning}\n`)
  print(existed ? `removed ${path}` : `${path} does not exist`)
}
