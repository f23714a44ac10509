/** `bak-node revoke`: revokes an invitation or a peer. */
import type { Command } from 'commander'
import { ask, example, print } from '../command.ts'

export function addRevoke(program: Command): void {
  const command = program
    .command('revoke')
    .description('revoke an invitation with all peers that used it, or one peer, for ever; admins only')
    .argument('<what>', 'invitation or peer: its name, its id, or the end of its id')
    .option('--reason <text>', 'sent to the peers that are dropped')
    .option('--json', 'print JSON')
  command.action((what: string) => act(command, what))
  command.addHelpText('after', example('bak-node revoke rack-7 --reason "ticket was lost"', ''))
}

async function act(command: Command, what: string): Promise<void> {
  const { reason, json } = command.opts()
  const revoked = await ask(command, 'revoke', { what, reason })
  if (json) return print(JSON.stringify(revoked))
  const { kind, target, name, dropped, open } = revoked
  const who = dropped.length === 0 ? 'no peer is dropped' : `dropped: ${dropped.map(p => p.name ?? p.peer).join(' ')}`
  print(`${kind} ${name ?? target} is revoked; ${who}`)
  if (open == null) return
  const still = open.name ?? open.id
  print(`its invitation ${still} is still open to anybody with the ticket; to end it: bak-node revoke ${still}`)
}
