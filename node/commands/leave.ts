/** `bak-node leave`: leaves the mesh, and on demand deletes the home. */
import type { Command } from 'commander'
import { addCommand, homeOf, print } from '../command.ts'

const HELP = `
stop           ends the daemon; at its next start it is in the mesh again
leave          also forgets the mesh: its secret, this peer's place in it, its members; keeps key, settings, results
leave --purge  also deletes the home with all of that, and the unit of bak-node install

What nobody could bring back is named first, and nothing is done without --force: results, data that controllers have
not taken yet, the key of a founder.

Example:
  bak-node drain --wait 1h && bak-node leave --purge`

export function addLeave(program: Command): void {
  addCommand(program, 'leave', 'leave the mesh for good', act)
    .option('--purge', 'remove every trace: the home with key, settings and results, and the unit')
    .option('--force', 'whatever is lost by it, and even while a run goes on')
    .addHelpText('after', HELP)
}

async function act(command: Command): Promise<void> {
  const { purge = false, force = false } = command.opts<{ purge?: boolean; force?: boolean }>()
  const { leaveHome } = await import('../leave-mesh.ts')
  const warn = (line: string) => void process.stderr.write(`bak-node: ${line}\n`)
  await leaveHome(homeOf(command), { purge, force, print, warn })
}
