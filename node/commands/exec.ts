/** `bak-node exec`: runs a command with a peer beside it, as the entrypoint of a container. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import { addCommand, example, homeOf } from '../command.ts'
import { checkFlags } from '../config.ts'
import { addSettings, addTicket, flagsOf, originsOf, takeTicketFlags, wordsOf } from '../daemon-flags.ts'
import { runBeside } from '../exec.ts'
import { homeAt } from '../store/home.ts'
import { takeTicket } from '../ticket-source.ts'

export function addExec(program: Command): void {
  const command = addCommand(program, 'exec', 'run a command with a peer beside it, as in a container', act)
  command.argument('<command...>', 'the command and its arguments, after --')
  addSettings(command)
  addTicket(command)
  command.addHelpText(
    'after',
    `\nThe exit status is the command's; signals go to the command, and the peer leaves when the command has ended.\n${example(
      'BAK_JOIN=bak1... bak-node exec --label app=db -- postgres -D /data',
      'as the entrypoint of a pod'
    )}`
  )
}

async function act(command: Command): Promise<void> {
  const { given, flags } = takeTicketFlags(flagsOf([command]), originsOf([command]))
  if (given.join === '') throw new BakError('usage', '--join: expected a ticket, as bak-node invite prints it')
  checkFlags(flags)
  const isMember = existsSync(homeAt(homeOf(command)).mesh)
  const ticket = await takeTicket(given, process.stdin, isMember)
  const words = ['--home', homeOf(command), 'daemon', ...wordsOf(flags), '--while-stdin']
  process.exit(await runBeside({ words, ticket, command: command.args, home: homeOf(command) }))
}
