/** `bak-node init`: makes key and mesh without starting a peer. */
import type { Command } from 'commander'
import { addCommand, example, homeOf, print } from '../command.ts'

export function addInit(program: Command): void {
  addCommand(
    program,
    'init',
    'create key and mesh without starting a peer; does nothing if they exist',
    act
  ).addHelpText('after', example('bak-node init --home ./b', 'a home for a second peer on this machine'))
}

async function act(command: Command): Promise<void> {
  const { openHome } = await import('../store/home.ts')
  const { loadIdentity } = await import('../key-file.ts')
  const { loadMesh } = await import('../mesh-file.ts')
  const home = await openHome(homeOf(command))
  const identity = await loadIdentity(home)
  const { mesh } = await loadMesh(home, identity)
  print(`peer  ${identity.peer}\nmesh  ${mesh}\nhome  ${home.root}`)
}
