/** `bak-node drain`: refuses new runs, and waits for those in progress. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { readDuration } from '../../protocols/duration.ts'
import { BakError } from '../../protocols/errors.ts'
import { activeRuns, addCommand, ask, print } from '../command.ts'

/** How often `--wait` asks the daemon for its runs. */
const POLL_INTERVAL_MS = 500

const EXAMPLES = `
Examples:
  bak-node drain --wait 2h && reboot  when no run is in progress here; status 75 after 2 h
  bak-node drain --off                after the maintenance`

export function addDrain(program: Command): void {
  addCommand(program, 'drain', 'refuse new runs; runs in progress continue', act)
    .option('--off', 'accept runs again')
    .option('--wait <time>', 'return when no run is in progress here, at the latest after this time: 30s, 15m, 24h')
    .addHelpText('after', EXAMPLES)
}

async function act(command: Command): Promise<void> {
  const { off, wait } = command.opts<{ off?: boolean; wait?: string }>()
  if (off && wait != null) throw new BakError('usage', '--wait does not go with --off')
  const timeout = wait == null ? undefined : readDuration(wait)
  const { state } = await ask(command, 'drain', { on: off !== true })
  if (timeout != null) await idle(command, Date.now() + timeout, wait as string)
  print(state)
}

/** @throws {BakError} `timeout` naming the runs in progress */
async function idle(command: Command, deadline: number, wait: string): Promise<void> {
  for (;;) {
    const runs = activeRuns(await ask(command, 'status', {}))
    if (runs.length === 0) return
    const left = deadline - Date.now()
    if (left <= 0) {
      throw new BakError('timeout', `still in progress after ${wait}: ${runs.join(', ')}; this peer stays drained`)
    }
    await sleep(Math.min(POLL_INTERVAL_MS, left))
  }
}
