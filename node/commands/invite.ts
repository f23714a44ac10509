import type { Command } from 'commander'
import { addCommand, ask, example, print } from '../command.ts'

export function addInvite(program: Command): void {
  addCommand(program, 'invite', 'print a ticket that lets another machine join', act).addHelpText(
    'after',
    example('ssh db1 bak-node daemon join "$(bak-node invite)"', 'who has the ticket can join')
  )
}

async function act(command: Command): Promise<void> {
  print((await ask(command, 'invite', {})).ticket)
}
