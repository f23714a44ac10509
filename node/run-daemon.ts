/** `bak-node daemon`: starts the peer, prints its addresses, and ends it in order on a signal. */
import { asBakError, exitStatus } from '../protocols/errors.ts'
import { goOnWithoutOutput } from '../protocols/output-failure.ts'
import { readTicket } from '../protocols/ticket.ts'
import { PROGRAM } from '../protocols/version.ts'
import { checkFlags, type Flags, loadConfig } from './config.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { createLog, type Level } from './log.ts'
import { Notify } from './service/notify.ts'
import { keep, settingsInForce } from './settings.ts'
import { openHome } from './store/home.ts'

/** When a peer that has not stopped in order exits nevertheless. */
const STOP_TIMEOUT_MS = 20_000

interface DaemonRun {
  home: string
  flags: Flags
  /** Where each of them comes from. */
  origins: Record<string, string>
  ticket?: string
  /** Ends after the first run that the peer took part in. */
  once?: boolean
  /** Ends when standard input ends. */
  whileStdin?: boolean
}

export async function runDaemon(init: DaemonRun): Promise<void> {
  goOnWithoutOutput(0)
  const ticket = init.ticket == null ? undefined : readTicket(init.ticket)
  const flags = checkFlags(init.flags)
  const home = await openHome(init.home)
  const config = await loadConfig(home, flags)
  await keep(home, flags)
  const log = createLog(config.log as Level, line => void process.stderr.write(line))
  const manager = new Notify(process.env, log)
  let daemon: Promise<Daemon> | undefined
  let ending = false
  const end = (why: string, status = 0) => {
    // the guard ends the processes that still run
    if (ending) process.exit(exitStatus.interrupted)
    ending = true
    log.info('leaving the mesh', { why })
    manager.stopping(`leaving the mesh: ${why}`)
    setTimeout(() => process.exit(exitStatus.timeout), STOP_TIMEOUT_MS).unref()
    const stopped = Promise.resolve(daemon).then(started => started?.stop())
    stopped.then(
      () => process.exit(status),
      error => {
        log.error('did not end in order', { why: asBakError(error).message })
        process.exit(exitStatus.bug)
      }
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end(signal))
  if (init.whileStdin) process.stdin.resume().once('close', () => end('standard input has ended'))
  // an error on one stream or socket must not end the daemon during a measurement
  process.on('unhandledRejection', error => {
    log.error('unhandled', { why: asBakError(error).message, at: (error as Error)?.stack?.split('\n')[1]?.trim() })
  })
  // libp2p throws this, outside of any promise, for a stream whose connection closes while it is opened
  process.on('uncaughtException', error => {
    log.error('uncaught', { why: error.message, at: error.stack?.split('\n')[1]?.trim() })
    if (error.name !== 'StreamStateError') process.exit(exitStatus.bug)
  })
  const { once = false } = init
  daemon = startDaemon({
    home,
    config,
    settings: await settingsInForce(home, config, init.origins),
    ticket,
    log,
    once,
    onStop: () => end(once ? 'its run has ended' : 'on request'),
    onShutOut: why => {
      process.stderr.write(`bak-node: the mesh does not admit this peer: ${why}\n`)
      end('not admitted', exitStatus['not-allowed'])
    }
  })
  const started = await daemon
  // the mesh may have refused it by now
  if (ending) return
  process.stdout.write(startBlock(started, config.name))
  await manager.ready(`peer ${config.name} of mesh ${started.parts.mesh.mesh}`)
}

function startBlock({ parts }: Daemon, name: string): string {
  const { identity, mesh, home } = parts
  const lines = [
    ['name', name],
    ['peer', identity.peer],
    ['mesh', mesh.mesh + (mesh.mesh === identity.peer ? ' (founded here)' : '')],
    ...parts.addresses().map(address => ['address', address]),
    ['home', home.root]
  ]
  return `bak-node ${PROGRAM}\n${lines.map(([key, value]) => `  ${key?.padEnd(8)} ${value}\n`).join('')}ready\n`
}
