/** `bak-node leave`: leaves the mesh, and on demand deletes the home. */
import type { Command } from 'commander'
import { addCommand, homeOf, print } from '../command.ts'

const HELP = `
stop           ends the daemon; at its next start it is in the mesh again
leave          also deletes what belongs to the mesh: its secret, proofs, members; keeps key, settings, results
leave --purge  also deletes the home with everything in it, and the unit of bak-node install

Where something would be lost, leave names it and does nothing without --force: results, data that controllers have not
received yet, the key of a founder, the only admin.

Example:
  bak-node drain --wait 1h && bak-node leave --purge`

export function addLeave(program: Command): void {
  addCommand(program, 'leave', 'leave the mesh for good', act)
    .option('--purge', 'also delete the home with key, settings and results, and the unit')
    .option('--force', 'leave even if data is lost or a run is in progress')
    .addHelpText('after', HELP)
}

async function act(command: Command): Promise<void> {
  const { purge = false, force = false } = command.opts<{ purge?: boolean; force?: boolean }>()
  const { leaveHome } = await import('../leave-mesh.ts')
  const warn = (line: string) => void process.stderr.write(`bak-node: ${line}\n`)
  await leaveHome(homeOf(command), { purge, force, print, warn })
}
