/** What the commands of `bak-node` share: adding one, its example, its home and its daemon. */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { CallName, CallRequest, Status } from '../protocols/control.ts'
import { callOnce } from '../protocols/control-http.ts'
import { defaultHome, socketOf } from '../protocols/default-home.ts'
import { asBakError, BakError } from '../protocols/errors.ts'

/** How long `stop` waits for the daemon to end. */
const STOP_TIMEOUT_MS = 20_000

/** @param act what the command does; it prints its result and throws errors */
export function addCommand(
  program: Command,
  name: string,
  description: string,
  act: (command: Command) => Promise<void>
): Command {
  const command = program.command(name).description(description)
  return command.action(() => act(command))
}

export const example = (line: string, help: string) => `\nExample:\n  ${line}  ${help}`.trimEnd()

/** Writes one or more lines to stdout. */
export const print = (text: string) => void process.stdout.write(`${text}\n`)

export const homeOf = (command: Command): string => resolve(command.optsWithGlobals().home ?? defaultHome())

/** Calls the daemon of the command's home for one answer. */
export const ask = <N extends CallName>(command: Command, call: N, request: CallRequest<N>) =>
  callOnce(socketOf(homeOf(command)), call, request)

/** @returns undefined if no daemon runs */
export async function statusAt(socket: string): Promise<Status | undefined> {
  try {
    return await callOnce(socket, 'status', {})
  } catch (cause) {
    if (asBakError(cause).code === 'no-daemon') return undefined
    throw cause
  }
}

/** @returns the runs that a peer drives or takes part in */
export const activeRuns = ({ driving, taking }: Status): string[] => [...new Set([...driving, ...taking])]

/** Leaves the mesh in order. @returns when the daemon has ended. @throws {BakError} `timeout` if it does not */
export async function stopDaemon(socket: string): Promise<void> {
  const { pid } = await callOnce(socket, 'status', {})
  await callOnce(socket, 'stop', { leave: true })
  for (const deadline = Date.now() + STOP_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) if (!isAlive(pid)) return
  throw new BakError('timeout', `process ${pid} has not ended within ${STOP_TIMEOUT_MS / 1000} s`)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
