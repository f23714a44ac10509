/** `bak-node rotate-secret`: gives the mesh a new secret. */
import type { Command } from 'commander'
import { readDuration, showInstant } from '../../protocols/duration.ts'
import { addCommand, ask, example, print } from '../command.ts'

export function addRotateSecret(program: Command): void {
  addCommand(program, 'rotate-secret', 'give the mesh a new secret; no connection is lost; only an admin can', act)
    .option('--grace <time>', 'how long peers and tickets with an older secret are still let in', '7d')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      example('bak-node rotate-secret --grace 24h', 'after a ticket fell into wrong hands and was revoked')
    )
}

async function act(command: Command): Promise<void> {
  const { grace, json } = command.opts()
  const rotated = await ask(command, 'rotate', { grace: readDuration(grace) })
  if (json) return print(JSON.stringify(rotated))
  print(`the secret is of generation ${rotated.generation} now; older ones let in until ${showInstant(rotated.until)}`)
}
