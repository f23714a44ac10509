/** What the commands of `bak-node` have in common: how one is added, its example, its home, and its daemon. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { CallName, CallRequest } from '../protocols/control.ts'
import { callOnce } from '../protocols/control-http.ts'
import { socketOf } from '../protocols/home.ts'

/** @param act what the command does; it prints its result and throws what went wrong */
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

/** Writes a line, or lines, to stdout. */
export const print = (text: string) => void process.stdout.write(`${text}\n`)

export const homeOf = (command: Command): string => resolve(command.optsWithGlobals().home)

/** Asks the daemon of the command's home once. */
export const ask = <N extends CallName>(command: Command, call: N, request: CallRequest<N>) =>
  callOnce(socketOf(homeOf(command)), call, request)
