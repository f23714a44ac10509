/** `bak-node rotate-secret`: gives the mesh a new secret. */
import type { Command } from 'commander'
import { readDuration, showInstant } from '../../protocols/duration.ts'
import { addCommand, ask, example, print } from '../command.ts'

export function addRotateSecret(program: Command): void {
  addCommand(program, 'rotate-secret', 'give the mesh a new secret without losing a connection; admins only', act)
    .option('--grace <time>', 'how long peers and tickets with an older secret are still admitted', '7d')
    .option('--json', 'print JSON')
    .addHelpText('after', example('bak-node rotate-secret --grace 24h', 'after a ticket was lost and revoked'))
}

async function act(command: Command): Promise<void> {
  const { grace, json } = command.opts()
  const rotated = await ask(command, 'rotate', { grace: readDuration(grace) })
  if (json) return print(JSON.stringify(rotated))
  print(`the secret now has generation ${rotated.generation}; older ones are valid until ${showInstant(rotated.until)}`)
}
