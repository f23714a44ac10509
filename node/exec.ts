/** A command with a peer of a mesh beside it, for as long as it runs: what a container or a pod starts with. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { isSea } from 'node:sea'
import { socketOf } from '../protocols/default-home.ts'
import { BakError, exitStatus } from '../protocols/errors.ts'

/** A peer that is not ready by then is not waited for, and one that does not leave in order by then is killed, ms. */
const READY = 30_000
const LEAVE = 20_000
/** What is passed on to the command. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const
/** As shells say it of a command that cannot be started. */
const NOT_FOUND = 127
const NOT_STARTED = 126

/**
 * @param daemon words for `bak-node` that start the peer; it ends with its standard input
 * @returns the exit status of the command, or of the peer if that did not start; 128 and its number for a signal
 */
export async function runBeside(daemon: string[], command: string[], home: string): Promise<number> {
  const [file, ...args] = command
  if (file == null) throw new BakError('usage', 'a command is needed after --')
  const signals = new Signals()
  const peer = startPeer(daemon)
  const status = await readiness(peer)
  if (status != null) return status
  if (signals.first != null) return leave(peer, numberOf(signals.first))
  const env = { ...process.env, BAK_HOME: home, BAK_SOCK: socketOf(home) }
  const child = spawn(file, args, { stdio: 'inherit', env })
  signals.passTo(child)
  peer.once('exit', code => {
    // what runs here is not measured any more, and goes on
    if (child.exitCode == null) process.stderr.write(`bak-node: the peer ended with ${code}; ${file} goes on without\n`)
  })
  return leave(peer, await outcome(child, file))
}

/** In a group of its own: what a terminal sends to all is for the command. */
function startPeer(words: string[]): ChildProcess {
  const own = isSea() ? [] : [...process.execArgv, process.argv[1] as string]
  return spawn(process.execPath, [...own, ...words], {
    ...(isSea() ? { argv0: 'bak-node' } : {}),
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true
  })
}

/** @returns the status that the peer ended with before it was ready; undefined when it is. @throws {BakError} `timeout` */
async function readiness(peer: ChildProcess): Promise<number | undefined> {
  let timer: NodeJS.Timeout | undefined
  let said = ''
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => {
        peer.kill('SIGKILL')
        reject(new BakError('timeout', `the peer was not ready within ${READY / 1000} s`))
      }, READY)
      peer.once('error', reject)
      peer.once('exit', code => resolve(code ?? exitStatus.bug))
      peer.stdout?.setEncoding('utf8').on('data', text => {
        said = (said + text).slice(-100)
        // standard output is the command's
        process.stderr.write(text)
        if (said.endsWith('ready\n')) resolve(undefined)
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

/** @returns the status, when the peer has left */
async function leave(peer: ChildProcess, status: number): Promise<number> {
  if (peer.exitCode != null || peer.signalCode != null) return status
  const timer = setTimeout(() => peer.kill('SIGKILL'), LEAVE)
  const ended = new Promise(resolve => peer.once('exit', resolve))
  peer.kill('SIGTERM')
  await ended
  clearTimeout(timer)
  return status
}

const numberOf = (signal: NodeJS.Signals) => 128 + constants.signals[signal]

/** Kept until there is a command to pass them on to. */
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
    // the terminal has sent it to the command, too
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    this.#child?.kill(signal)
  }
}
