/** Runs a command with a peer beside it that ends with the command, as the entrypoint of a container or pod. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { isSea } from 'node:sea'
import { BakError, exitStatus } from '../protocols/errors.ts'
import { goOnWithoutOutput } from '../protocols/output-failure.ts'
import { callerVariables } from '../protocols/variables.ts'

/** When a peer that is not ready is killed. */
const READY_TIMEOUT_MS = 30_000
/** When a peer that has not left the mesh in order is killed. */
const LEAVE_TIMEOUT_MS = 20_000
/** Signals that are passed on to the command. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const
/** The statuses of shells for a command that cannot be started. */
const NOT_FOUND = 127
const NOT_STARTED = 126

interface Beside {
  /** For `bak-node`, to start the peer; it ends with its standard input. */
  words: string[]
  /** The peer reads it from its standard input. */
  ticket?: string
  command: string[]
  home: string
}

/**
 * @returns the exit status of the command, or of the peer if the peer did not start; for a signal 128 and its number
 */
export async function runBeside({ words, ticket, command, home }: Beside): Promise<number> {
  const [file, ...args] = command
  if (file == null) throw new BakError('usage', 'a command is missing after --')
  goOnWithoutOutput(0)
  const signals = new Signals()
  const peer = startPeer(ticket == null ? words : [...words, 'join', '-'])
  // an error: the peer has ended, which its status tells
  peer.stdin?.on('error', () => {})
  if (ticket != null) peer.stdin?.write(`${ticket}\n`)
  const status = await readiness(peer)
  if (status != null) return status
  if (signals.first != null) return leave(peer, numberOf(signals.first))
  const env = { ...callerVariables(process.env), BAK_HOME: home }
  const child = spawn(file, args, { stdio: 'inherit', env })
  signals.passTo(child)
  peer.once('exit', code => {
    // the command continues, but is no longer measured
    if (child.exitCode == null)
      process.stderr.write(`bak-node: the peer ended with ${code}; ${file} continues without it\n`)
  })
  return leave(peer, await outcome(child, file))
}

/** In its own process group, so that signals of the terminal reach only the command. */
function startPeer(words: string[]): ChildProcess {
  const own = isSea() ? [] : [...process.execArgv, process.argv[1] as string]
  return spawn(process.execPath, [...own, ...words], {
    ...(isSea() ? { argv0: 'bak-node' } : {}),
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true
  })
}

/** @returns undefined when the peer is ready; the exit status of a peer that ended before. @throws {BakError} `timeout` */
async function readiness(peer: ChildProcess): Promise<number | undefined> {
  let timer: NodeJS.Timeout | undefined
  let printed = ''
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => {
        peer.kill('SIGKILL')
        reject(new BakError('timeout', `the peer was not ready within ${READY_TIMEOUT_MS / 1000} s`))
      }, READY_TIMEOUT_MS)
      peer.once('error', reject)
      peer.once('exit', code => resolve(code ?? exitStatus.bug))
      peer.stdout?.setEncoding('utf8').on('data', text => {
        printed = (printed + text).slice(-100)
        // standard output belongs to the command
        process.stderr.write(text)
        if (printed.endsWith('ready\n')) resolve(undefined)
      })
    })
  } finally {
    clearTimeout(timer)
  }
}

async function outcome(child: ChildProcess, file: string): Promise<number> {
  return new Promise(resolve => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      process.stderr.write(`bak-node: ${file} cannot be started: ${error.code ?? error.message}\n`)
      resolve(error.code === 'ENOENT' ? NOT_FOUND : NOT_STARTED)
    })
    child.once('exit', (code, signal) => resolve(code ?? numberOf(signal as NodeJS.Signals)))
  })
}

/** Ends the peer. @returns the given status, after the peer has left the mesh */
async function leave(peer: ChildProcess, status: number): Promise<number> {
  if (peer.exitCode != null || peer.signalCode != null) return status
  const timer = setTimeout(() => peer.kill('SIGKILL'), LEAVE_TIMEOUT_MS)
  const ended = once(peer, 'exit')
  peer.kill('SIGTERM')
  await ended
  clearTimeout(timer)
  return status
}

const numberOf = (signal: NodeJS.Signals) => 128 + constants.signals[signal]

/** Passes signals on to the command; before it runs, records the first one. */
class Signals {
  first: NodeJS.Signals | undefined
  #child: ChildProcess | undefined

  constructor() {
    for (const signal of SIGNALS) process.on(signal, () => this.#on(signal))
  }

  passTo(child: ChildProcess): void {
    this.#child = child
  }

  #on(signal: NodeJS.Signals): void {
    this.first ??= signal
    // the terminal sends it to the command itself
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    this.#child?.kill(signal)
  }
}
