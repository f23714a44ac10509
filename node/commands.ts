/** The commands of `bak-node`: one function each, and the list of them. */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { LEVELS, variableOf } from '../protocols/config-file.ts'
import type { CallName, CallRequest } from '../protocols/control.ts'
import { callOnce } from '../protocols/control-http.ts'
import { BakError, exitStatus } from '../protocols/errors.ts'
import { defaultHome, socketOf } from '../protocols/home.ts'
import { PROGRAM } from '../protocols/version.ts'
import type { Flags } from './config.ts'

const EXAMPLES = `
A mesh of three machines:
  a$ bak-node daemon --name a          found the mesh
  a$ bak-node invite                   print a ticket
  b$ bak-node daemon join TICKET       join it, now and at every later start
  c$ bak-node daemon join TICKET
  c$ bak run --tools proc,vmstat -- ./benchmark`

/** How long a daemon that was told to stop may take, ms. */
const PATIENCE = 20_000

export function buildProgram(): Command {
  const program = new Command('bak-node')
    .description('The daemon of bak: a peer in a private mesh of machines that are measured together.')
    .version(PROGRAM)
    .addOption(
      new Option('--home <dir>', 'folder of this peer: key, mesh, results').env('BAK_HOME').default(defaultHome())
    )
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) => write(inOneLine(text))
    })
    .exitOverride(error => process.exit(error.exitCode === 0 ? 0 : exitStatus.usage))
    .addHelpText('after', EXAMPLES)
  addDaemon(program)
  add(program, 'init', 'make key and mesh without starting a peer; does nothing the second time', initHome).addHelpText(
    'after',
    example('bak-node init --home ./b', 'a home for a second peer on this machine')
  )
  add(program, 'invite', 'print a ticket that lets another machine join', async command => {
    print((await ask(command, 'invite', {})).ticket)
  }).addHelpText('after', example('ssh db1 bak-node daemon join "$(bak-node invite)"', 'who has the ticket can join'))
  add(program, 'status', 'who this peer is and what it does', showStatus)
    .option('--json', 'print JSON')
    .addHelpText('after', example('bak-node status --json | jq -r .state', 'standby, enabled or draining'))
  const stop = 'leave the mesh in order and end the daemon; returns when it has ended'
  add(program, 'stop', stop, stopDaemon).addHelpText('after', example('bak-node stop', 'as SIGTERM does'))
  add(program, 'leave', 'the same as stop', stopDaemon).addHelpText('after', example('bak-node leave', ''))
  add(program, 'drain', 'refuse new runs; what goes on goes on', async command => {
    print((await ask(command, 'drain', { on: command.opts().off !== true })).state)
  })
    .option('--off', 'take runs again')
    .addHelpText('after', example('bak-node drain --off', 'after the maintenance'))
  return program
}

function add(program: Command, name: string, description: string, act: (command: Command) => Promise<void>): Command {
  const command = program.command(name).description(description)
  return command.action(() => act(command))
}

const example = (line: string, help: string) => `\nExample:\n  ${line}  ${help}`.trimEnd()

/** What commander says of wrong usage. */
const inOneLine = (text: string) =>
  text
    .replace(/^error: /, 'bak-node: ')
    .replace('\n(', ' (')
    .replace(/(unknown command '[^']*')\n/, '$1; bak-node --help names all\n')

const print = (text: string) => void process.stdout.write(`${text}\n`)

function addDaemon(program: Command): void {
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
    command.addOption(made.env(variableOf(made.name())))
    return made
  }
  const several = (flags: string, help: string) =>
    option(flags, `${help}; repeatable`).argParser((value: string, all: string[] = []) => [...all, value])
  option('--name <name>', 'shown to others (default: the name of the host)')
  several('--label <key=value>', 'selectors choose by labels')
  several('--listen <multiaddr>', 'where others reach it (default: /ip4/0.0.0.0/tcp/0)')
  several('--announce <multiaddr>', 'tell others this address instead')
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
        given[name] = source === 'env' && Array.isArray(value) ? value.flatMap(text => text.split(',')) : value
      }
    }
  }
  return given
}

/** libp2p is loaded here, and for no other command. */
async function start(command: Command, ticket?: string): Promise<void> {
  const { runDaemon } = await import('./run-daemon.ts')
  const { once, ...flags } = flagsOf(command)
  await runDaemon({ home: homeOf(command), flags, once, ticket })
}

async function initHome(command: Command): Promise<void> {
  const { openHome } = await import('./store/home.ts')
  const { loadIdentity, loadMesh } = await import('./identity.ts')
  const home = await openHome(homeOf(command))
  const identity = await loadIdentity(home)
  const { mesh } = await loadMesh(home, identity)
  print(`peer  ${identity.peer}\nmesh  ${mesh}\nhome  ${home.root}`)
}

async function showStatus(command: Command): Promise<void> {
  const status = await ask(command, 'status', {})
  if (command.opts().json) return print(JSON.stringify(status))
  const { name, peer, mesh, home, state, pid, members, connections, addresses, driving, taking } = status
  const facts = { name, state, peer, mesh, home, pid, members: `${members}, ${connections} connections` }
  const runs = { drives: driving.join(' '), 'takes part in': taking.join(' ') }
  const lines = Object.entries({ ...facts, addresses: addresses.join(' '), ...runs }).filter(
    ([, value]) => value !== ''
  )
  print(lines.map(([key, value]) => `${`${key}:`.padEnd(15)}${value}`).join('\n'))
}

async function stopDaemon(command: Command): Promise<void> {
  const { pid } = await ask(command, 'status', {})
  await ask(command, 'stop', { leave: true })
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(50)) if (!isAlive(pid)) return
  throw new BakError('timeout', `process ${pid} has not ended within ${PATIENCE / 1000} s`)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const homeOf = (command: Command): string => resolve(command.optsWithGlobals().home)

const ask = <N extends CallName>(command: Command, call: N, request: CallRequest<N>) =>
  callOnce(socketOf(homeOf(command)), call, request)
