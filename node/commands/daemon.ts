/** `bak-node daemon`: starts a peer, in its mesh, a new one, or that of a ticket. */
import type { Command } from 'commander'
import { BakError } from '../../protocols/errors.ts'
import { example, homeOf } from '../command.ts'
import { addSetting, addSettings, flagsOf, originsOf } from '../daemon-flags.ts'

export function addDaemon(program: Command): void {
  const daemon = program.command('daemon').description('start a peer; founds a mesh if this home is in none')
  const join = daemon.command('join').description('start a peer in the mesh of a ticket').argument('<ticket...>')
  addSetting(daemon, '--join <ticket>', 'the same as daemon join; not needed if this home is in the mesh already')
  for (const command of [daemon, join]) {
    addSettings(command)
    addSetting(command, '--once', 'leave after the first run that this peer took part in')
    command.option(
      '--while-stdin',
      'leave when standard input ends, and so when the process that started this peer ends'
    )
  }
  daemon.action(() => start(daemon))
  daemon.addHelpText('after', example('bak-node daemon --name db1 --label role=db --listen /ip4/0.0.0.0/tcp/4001', ''))
  join.action((words: string[]) => start(join, inOneWord(words)))
  join.addHelpText(
    'after',
    example('BAK_LABEL=role=db,rack=7 bak-node daemon join bak1...', 'later starts need no ticket')
  )
}

/** @throws {BakError} `usage` for a ticket that was pasted with a space or a line break in it */
function inOneWord([ticket, ...more]: string[]): string {
  if (more.length === 0) return ticket as string
  throw new BakError(
    'usage',
    `the ticket is broken into ${more.length + 1} parts by spaces or line breaks: paste it as one word`
  )
}

/**
 * `daemon --name a join TICKET` and `daemon join TICKET --name a` are equal. libp2p is loaded here, and for no other command.
 */
async function start(command: Command, ticket?: string): Promise<void> {
  const { runDaemon } = await import('../run-daemon.ts')
  const chain = command.name() === 'join' ? [command.parent as Command, command] : [command]
  const { once, whileStdin, join, ...flags } = flagsOf(chain)
  const ends = { once: once === true, whileStdin: whileStdin === true }
  const origins = originsOf(chain)
  await runDaemon({ home: homeOf(command), flags, origins, ticket: ticket ?? (join as string | undefined), ...ends })
}
