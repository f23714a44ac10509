/** When a server is ready: it accepts connections, has written a line, a command says so, or it has run for a while. */
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { BakError } from '../../../protocols/errors.ts'
import type { Ready } from '../../../protocols/workload.ts'
import { pause } from '../../wait.ts'
import { LineWatch } from './line-watch.ts'

/** Between two attempts, ms: at first often, and ever less often for a command, of which each is a program that is started. */
const LOOK_EVERY_MS = 50
const COMMAND_EVERY_MS = { first: 200, most: 2_000 }
/** Of one connection on this machine. */
const CONNECT_TIMEOUT_MS = 1_000

export interface Probe {
  ready: Ready
  /** Files that the server writes. */
  outputs: string[]
  /** Runs the command of `ready` once. @returns how it ended, in words; undefined if with status 0 */
  run(): Promise<string | undefined>
  /** Aborts when nobody waits any more. */
  signal: AbortSignal
}

/** @returns when it is so; @throws {BakError} what never becomes ready, and what aborts the signal */
export async function untilReady({ ready, outputs, run, signal }: Probe, onTry: (why: string) => void): Promise<void> {
  const { port, line, command, after } = ready
  if (after != null) await pause(after * 1000, signal)
  else if (port != null) await repeat(() => tryPort(port, onTry), signal)
  else if (line != null) {
    const watch = new LineWatch(line, outputs)
    onTry(`no line of its output fits ${line.slice(0, 100)}`)
    await repeat(() => watch.look(), signal)
  } else if (command != null) {
    const attempt = async () => {
      const why = await run()
      // one that was ended with the wait says nothing of the server
      if (why != null && !signal.aborted) onTry(`its ready command: ${why}`)
      return why == null
    }
    const wait = (n: number) => Math.min(COMMAND_EVERY_MS.first * 2 ** n, COMMAND_EVERY_MS.most)
    await repeat(attempt, signal, wait)
  }
  signal.throwIfAborted()
}

async function repeat(
  attempt: () => Promise<boolean>,
  signal: AbortSignal,
  wait: (n: number) => number = () => LOOK_EVERY_MS
): Promise<void> {
  for (let n = 0; !signal.aborted; n++) {
    if (await attempt()) return
    await pause(wait(n), signal)
  }
}

async function tryPort(port: number, onTry: (why: string) => void): Promise<boolean> {
  if (await isListening(port)) return true
  onTry(`port ${port} of this machine accepts no connection`)
  return false
}

/** @returns whether some program of this machine listens at the port: what goes to its own addresses leaves it on no interface */
export async function isListening(port: number): Promise<boolean> {
  for (const host of hostsHere()) if (await accepts(host, port)) return true
  return false
}

function hostsHere(): string[] {
  const own = Object.values(networkInterfaces()).flatMap(each => each ?? [])
  // one of IPv6 that is valid on a link only needs the name of that
  const others = own
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    .map(each => each.address)
  return ['127.0.0.1', '::1', ...others]
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS })
    const end = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}

/** @returns why the server would not be the one that answers; undefined if it will be @throws nothing */
export async function whyTaken({ port }: Ready): Promise<string | undefined> {
  if (port == null || !(await isListening(port))) return undefined
  return `port ${port} is taken by another program of this machine`
}

/** The deadline of a server, in words. */
export const notReady = (seconds: number, why: string): BakError =>
  new BakError('timeout', `not ready within ${seconds} s${why === '' ? '' : `: ${why}`}`)
