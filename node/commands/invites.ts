/** `bak-node invites`: lists the invitations that this peer knows. */
import type { Command } from 'commander'
import type { InvitationView } from '../../protocols/control.ts'
import { showDuration } from '../../protocols/duration.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { addCommand, ask, example, print } from '../command.ts'

export function addInvites(program: Command): void {
  addCommand(program, 'invites', 'list the invitations that this peer knows, and the peers that used them', act)
    .option('--json', 'print JSON')
    .addHelpText('after', example('bak-node invites', 'issued here, or known from proofs of members'))
}

async function act(command: Command): Promise<void> {
  const { invitations } = await ask(command, 'invites', {})
  if (command.opts().json) return print(JSON.stringify({ invitations }))
  print(formatInvitations(invitations, Date.now()))
}

function formatInvitations(invitations: InvitationView[], now: number): string {
  const ids = invitations.map(({ id }) => id)
  const rows = invitations.map(({ id, name, role, state, expires, uses, by, peers }) => [
    shortId(id, ids),
    name,
    role,
    state,
    expires == null ? undefined : expires <= now ? 'expired' : `in ${showDuration(expires - now)}`,
    `${peers.length}${uses == null ? '' : `/${uses}`}`,
    by == null ? undefined : (by.name ?? shortPeer(by.peer)),
    peers.map(({ peer, name }) => name ?? shortPeer(peer)).join(' ')
  ])
  return formatTable(['ID', 'NAME', 'ROLE', 'STATE', 'ENDS', 'USED', 'BY', 'PEERS'], rows)
}

/** The shortest unique end of an id, at least six characters; all ids have the same beginning. */
function shortId(id: string, all: string[]): string {
  for (let length = 6; length < id.length; length++) {
    const end = id.slice(-length)
    if (all.filter(each => each.endsWith(end)).length === 1) return end
  }
  return id
}

const shortPeer = (peer: string) => peer.slice(-6)
