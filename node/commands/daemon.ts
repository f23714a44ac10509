/** `bak-node daemon`: starts a peer, in its mesh, a new one, or that of a ticket. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import { nearest } from '../../protocols/nearest.ts'
import { example, homeOf } from '../command.ts'
import { addSetting, addSettings, addTicket, flagsOf, originsOf, takeTicketFlags } from '../daemon-flags.ts'
import { homeAt } from '../store/home.ts'
import { takeTicket } from '../ticket-source.ts'

export function addDaemon(program: Command): void {
  const daemon = program.command('daemon').description('start a peer; founds a mesh if this home is in none')
  const join = daemon.command('join').description('start a peer in the mesh of a ticket')
  join.argument('[ticket...]', '- reads it from standard input')
  for (const command of [daemon, join]) {
    addTicket(command)
    addSettings(command)
    addSetting(command, '--once', 'leave after the first run that this peer took part in')
    command.option(
      '--while-stdin',
      'leave when standard input ends, and so when the process that started this peer ends'
    )
  }
  daemon.allowExcessArguments().action(() => {
    const [word] = daemon.args
    if (word != null) {
      const meant = nearest(word, ['join']) == null ? '' : '; did you mean join?'
      throw new BakError('usage', `unknown command 'daemon ${word}'${meant}`)
    }
    return start(daemon)
  })
  daemon.addHelpText('after', example('bak-node daemon --name db1 --label role=db --listen /ip4/0.0.0.0/tcp/4001', ''))
  join.action((words: string[]) => start(join, words))
  join.addHelpText(
    'after',
    example('BAK_LABEL=role=db,rack=7 bak-node daemon join - < ticket', 'later starts need no ticket')
  )
}

/**
 * `daemon --name a join TICKET` and `daemon join TICKET --name a` are equal. libp2p is loaded here, and for no other command.
 */
async function start(command: Command, words?: string[]): Promise<void> {
  const chain = command.name() === 'join' ? [command.parent as Command, command] : [command]
  const origins = originsOf(chain)
  const { given, flags: all } = takeTicketFlags(flagsOf(chain), origins)
  const { once, whileStdin, ...flags } = all
  const isMember = existsSync(homeAt(homeOf(command)).mesh)
  const ticket = await takeTicket({ ...given, words }, process.stdin, isMember)
  const { runDaemon } = await import('../run-daemon.ts')
  const ends = { once: once === true, whileStdin: whileStdin === true }
  await runDaemon({ home: homeOf(command), flags, origins, ticket, ...ends })
}
