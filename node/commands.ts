/** The commands of `bak-node`: one function each, and the list of them. */
import { Command, Option } from 'commander'
import { callDaemon } from '../protocols/control-http.ts'
import type { CallName, CallRequest, CallResponse } from '../protocols/control.ts'
import { BakError, exitStatus } from '../protocols/errors.ts'
import { defaultHome, socketOf } from '../protocols/home.ts'
import { PROGRAM } from '../protocols/version.ts'

const collect = (value: string, all: string[] = []) => [...all, value]

export function buildProgram(): Command {
  const program = new Command('bak-node')
    .description('The daemon of bak: a peer in a private mesh of machines that are measured together.')
    .version(PROGRAM)
    .addOption(new Option('--home <dir>', 'folder of this peer: key, mesh, results').env('BAK_HOME').default(defaultHome()))
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'bak-node: ')) })
    .exitOverride(error => {
      process.exit(error.exitCode === 0 ? 0 : exitStatus.usage)
    })
    .addHelpText('after', EXAMPLES)
  addDaemon(program)
  simple(program, 'init', 'make key and mesh without starting a peer; does nothing the second time', initHome)
  simple(program, 'invite', 'print a ticket that lets another machine join', async home => {
    process.stdout.write(`${(await one(home, 'invite', {})).ticket}\n`)
  })
  simple(program, 'status', 'who this peer is and what it does', async home => {
    process.stdout.write(`${JSON.stringify(await one(home, 'status', {}), null, 2)}\n`)
  })
  simple(program, 'stop', 'leave the mesh in order and end the daemon', home => stopDaemon(home))
  simple(program, 'leave', 'the same as stop', home => stopDaemon(home))
  program
    .command('drain')
    .description('refuse new runs; what goes on goes on')
    .option('--off', 'take runs again')
    .action(async ({ off }: { off?: boolean }, command: Command) => {
      const { state } = await one(homeOf(command), 'drain', { on: off !== true })
      process.stdout.write(`${state}\n`)
    })
  return program
}

const EXAMPLES = `
A mesh on three machines:
  a$ bak-node daemon --name a          found the mesh
  a$ bak-node invite                   print a ticket
  b$ bak-node daemon join TICKET       join it, now and at every later start
  c$ bak-node daemon join TICKET
  c$ bak run --tools proc,vmstat -- ./benchmark`

function addDaemon(program: Command): void {
  const daemon = new Command('daemon').description('start a peer; founds a mesh if this home is in none')
  addDaemonOptions(daemon)
  daemon.action((flags: DaemonFlags, command: Command) => start(command, flags))
  const join = new Command('join').description('start a peer in the mesh of a ticket').argument('<ticket>')
  addDaemonOptions(join)
  join.action((ticket: string, flags: DaemonFlags, command: Command) => start(command, flags, ticket))
  program.addCommand(daemon.addCommand(join))
}

interface DaemonFlags {
  name?: string
  label?: string[]
  listen?: string[]
  announce?: string[]
  log?: string
}

function addDaemonOptions(command: Command): void {
  command
    .addOption(new Option('--name <name>', 'shown to others (default: the host name)').env('BAK_NAME'))
    .addOption(new Option('--label <key=value>', 'repeatable; selectors choose by labels').argParser(collect).env('BAK_LABEL'))
    .addOption(new Option('--listen <multiaddr>', 'repeatable (default: /ip4/0.0.0.0/tcp/0)').argParser(collect).env('BAK_LISTEN'))
    .addOption(new Option('--announce <multiaddr>', 'repeatable: the address others reach it at').argParser(collect).env('BAK_ANNOUNCE'))
    .addOption(new Option('--log <level>', 'debug, info, warn or error (default: info)').env('BAK_LOG'))
}

/** libp2p is loaded here, and for no other command. */
async function start(command: Command, flags: DaemonFlags, ticket?: string): Promise<void> {
  const { runDaemon } = await import('./run-daemon.ts')
  await runDaemon({ home: homeOf(command), flags: { ...parentFlags(command), ...flags }, ticket })
}

/** `daemon --name a join TICKET` and `daemon join TICKET --name a` mean the same. */
function parentFlags(command: Command): DaemonFlags {
  return command.parent?.name() === 'daemon' ? command.parent.opts() : {}
}

async function initHome(home: string): Promise<void> {
  const { openHome } = await import('./store/home.ts')
  const { loadIdentity, loadMesh } = await import('./identity.ts')
  const opened = await openHome(home)
  const identity = await loadIdentity(opened)
  const { mesh } = await loadMesh(opened, identity)
  process.stdout.write(`peer  ${identity.peer}\nmesh  ${mesh}\nhome  ${opened.root}\n`)
}

async function stopDaemon(home: string): Promise<void> {
  const { pid } = await one(home, 'status', {})
  await one(home, 'stop', { leave: true })
  for (let i = 0; i < 200; i++) {
    if (!isAlive(pid)) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new BakError('timeout', `process ${pid} has not ended within 20 s`)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function simple(program: Command, name: string, description: string, act: (home: string) => Promise<void>): void {
  program
    .command(name)
    .description(description)
    .action((_flags: unknown, command: Command) => act(homeOf(command)))
}

const homeOf = (command: Command): string => command.optsWithGlobals().home

async function one<N extends CallName>(home: string, call: N, request: CallRequest<N>): Promise<CallResponse<N>> {
  for await (const response of callDaemon(socketOf(home), call, request)) return response
  throw new BakError('bad-message', 'the daemon did not answer')
}
