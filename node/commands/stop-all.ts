/** `bak-node stop-all`: ends what runs here for others, without the mesh, and without a daemon if there is none. */
import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { asBakError } from '../../protocols/errors.ts'
import { addCommand, ask, example, homeOf, print } from '../command.ts'
import { sweep } from '../processes/supervisor.ts'
import { homeAt } from '../store/home.ts'
import { takeLock } from '../store/lock.ts'

export function addStopAll(program: Command): void {
  addCommand(
    program,
    'stop-all',
    'end here all runs of other peers and every program that runs for them',
    act
  ).addHelpText('after', example('bak-node stop-all', 'what they measured is kept; bak-node drain refuses new runs'))
}

async function act(command: Command): Promise<void> {
  try {
    const { runs } = await ask(command, 'stop-all', {})
    print(runs.length === 0 ? 'no run of another peer is in progress here' : `ended: ${runs.join(', ')}`)
  } catch (cause) {
    const home = homeAt(homeOf(command))
    if (asBakError(cause).code !== 'no-daemon' || !existsSync(home.root)) throw cause
    const lock = await takeLock(home.lock, home.socket)
    const left = await sweep(home.ledger).finally(() => lock.release())
    print(`no daemon runs here; it had left ${left} groups of processes, which were ended`)
  }
}
