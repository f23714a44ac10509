import { type Command, Option } from 'commander'
import { LEVELS, variableOf } from '../../protocols/config-file.ts'
import { example, homeOf } from '../command.ts'
import type { Flags } from '../config.ts'

export function addDaemon(program: Command): void {
  const daemon = program.command('daemon').description('start a peer; founds a mesh if this home is in none')
  const join = daemon.command('join').description('start a peer in the mesh of a ticket').argument('<ticket>')
  for (const command of [daemon, join]) addDaemonOptions(command)
  daemon.action(() => start(daemon))
  daemon.addHelpText('after', example('bak-node daemon --name db1 --label role=db --listen /ip4/0.0.0.0/tcp/4001', ''))
  join.action((ticket: string) => start(join, ticket))
  join.addHelpText(
    'after',
    example('BAK_LABEL=role=db,rack=7 bak-node daemon join bak1...', 'later starts need no ticket')
  )
}

function addDaemonOptions(command: Command): void {
  const option = (flags: string, help: string) => {
    const made = new Option(flags, help)
    command.addOption(made.env(variableOf(made.attributeName())))
    return made
  }
  const several = (flags: string, help: string) =>
    option(flags, `${help}; repeatable`).argParser((value: string, all: string[] = []) => [...all, value])
  option('--name <name>', 'shown to others (default: the name of the host)')
  several('--label <key=value>', 'selectors choose by labels')
  several('--listen <multiaddr>', 'where others reach it (default: /ip4/0.0.0.0/tcp/0)')
  option('--no-listen', 'be reached through relays only')
  several('--announce <multiaddr>', 'tell others this address instead')
  option('--relay', 'relay peers behind NAT (default: if everyone can reach this peer)')
  option('--no-relay', 'relay nobody')
  option('--no-upnp', 'ask no router for a port')
  several('--allow-controllers <peers>', 'take part in the runs of these peers only: names, ids, all or none')
  several('--allow-exec <programs>', 'programs that runs may bring: names, absolute paths with *, all or none')
  several('--allow-tools <names>', 'tools, or sets of them, that runs may use here, all or none')
  several('--allow-paths <folders>', 'where what a run names by its path must lie, all or none')
  option('--once', 'leave after the first run that this peer took part in')
  option('--log <level>', 'least level that is logged (default: info)').choices([...LEVELS])
}

/** `daemon --name a join TICKET` and `daemon join TICKET --name a` mean the same; variables hold lists with commas. */
function flagsOf(command: Command): Flags & { once?: boolean } {
  const chain = command.name() === 'join' ? [command.parent as Command, command] : [command]
  const given: Record<string, string | string[] | boolean> = {}
  for (const source of ['env', 'cli']) {
    for (const each of chain) {
      for (const [name, value] of Object.entries<string | string[] | boolean>(each.opts())) {
        if (each.getOptionValueSource(name) !== source) continue
        given[name] = source === 'env' ? inVariable(name, value) : value
      }
    }
  }
  return given
}

/** commander takes a variable of a flag without a value for true, whatever it says. */
function inVariable(name: string, value: string | string[] | boolean): string | string[] | boolean {
  if (Array.isArray(value)) return value.flatMap(text => text.split(','))
  if (typeof value !== 'boolean') return value
  const text = process.env[variableOf(name)]?.toLowerCase() ?? ''
  return text === 'auto' ? text : !['0', 'false', 'no', 'off', ''].includes(text)
}

/** libp2p is loaded here, and for no other command. */
async function start(command: Command, ticket?: string): Promise<void> {
  const { runDaemon } = await import('../run-daemon.ts')
  const { once, ...flags } = flagsOf(command)
  await runDaemon({ home: homeOf(command), flags, once, ticket })
}
