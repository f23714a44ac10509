/** `bak-node exec`: runs a command with a peer beside it, as the entrypoint of a container. */
import type { Command } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import { addCommand, example, homeOf } from '../command.ts'
import { checkFlags } from '../config.ts'
import { addSetting, addSettings, flagsOf, wordsOf } from '../daemon-flags.ts'
import { runBeside } from '../exec.ts'

export function addExec(program: Command): void {
  const command = addCommand(program, 'exec', 'run a command with a peer beside it, as in a container', act)
  command.argument('<command...>', 'the command and its arguments, after --')
  addSettings(command)
  addSetting(command, '--join <ticket>', 'a ticket of the mesh; not needed if this home is in it already')
  command.addHelpText(
    'after',
    `\nThe exit status is the command's; signals go to the command, and the peer leaves when the command has ended.\n${example(
      'BAK_JOIN=bak1... bak-node exec --label app=db -- postgres -D /data',
      'as the entrypoint of a pod'
    )}`
  )
}

async function act(command: Command): Promise<void> {
  const { join, ...flags } = flagsOf([command])
  if (join === '') throw new BakError('usage', '--join: expected a ticket, as bak-node invite prints it')
  checkFlags(flags)
  const words = ['--home', homeOf(command), 'daemon', ...wordsOf(flags), '--while-stdin']
  const ticket = join == null ? [] : ['join', join as string]
  process.exit(await runBeside([...words, ...ticket], command.args, homeOf(command)))
}
