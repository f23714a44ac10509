/** `bak-node drain`: refuses new runs, and waits for those in progress. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { readDuration } from '../../protocols/duration.ts'
import { BakError } from '../../protocols/errors.ts'
import { addCommand, ask, goingOn, print } from '../command.ts'

/** How often the daemon is asked whether it has become idle, ms. */
const LOOK = 500

const EXAMPLES = `
Examples:
  bak-node drain --wait 2h && reboot  once nothing runs here any more; status 75 if something still does
  bak-node drain --off                after the maintenance`

export function addDrain(program: Command): void {
  addCommand(program, 'drain', 'refuse new runs; what goes on goes on', act)
    .option('--off', 'take runs again')
    .option('--wait <time>', 'return when no run goes on here any more, or after so long: 30s, 15m, 24h')
    .addHelpText('after', EXAMPLES)
}

async function act(command: Command): Promise<void> {
  const { off, wait } = command.opts<{ off?: boolean; wait?: string }>()
  if (off && wait != null) throw new BakError('usage', '--wait says nothing beside --off')
  const patience = wait == null ? undefined : readDuration(wait)
  const { state } = await ask(command, 'drain', { on: off !== true })
  if (patience != null) await idle(command, Date.now() + patience, wait as string)
  print(state)
}

/** @throws {BakError} `timeout` with what still goes on */
async function idle(command: Command, deadline: number, wait: string): Promise<void> {
  for (;;) {
    const runs = goingOn(await ask(command, 'status', {}))
    if (runs.length === 0) return
    const left = deadline - Date.now()
    if (left <= 0) {
      throw new BakError('timeout', `after ${wait} there still goes on ${runs.join(', ')}; this peer stays drained`)
    }
    await sleep(Math.min(LOOK, left))
  }
}
