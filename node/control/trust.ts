/** Calls about who belongs to the mesh. */
import type { CallInput, CallResponse } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { writeTicket } from '../../protocols/ticket.ts'
import { type Issued, issueInvitation } from '../mesh/trust/issue.ts'
import type { Parts } from '../parts.ts'

const DAY = 86_400_000

export async function* invite(
  parts: Parts,
  { role = 'controller', ttl = DAY, uses, name }: CallInput<'invite'>
): AsyncGenerator<CallResponse<'invite'>> {
  const issuer = issuerOf(parts)
  const addresses = parts.addresses().slice(0, 16)
  if (addresses.length === 0)
    throw new BakError('bad-config', 'this peer listens on no address: a ticket would lead nowhere')
  const { invitation, sealed, key }: Issued = issueInvitation(issuer, { role, ttl, uses, name }, Date.now())
  const [newest] = parts.authority.secrets
  if (newest == null) throw new BakError('bug', 'this peer knows no secret of its mesh')
  const ticket = writeTicket({
    invitation: sealed,
    key,
    via: issuer.links.length === 0 ? undefined : issuer.links,
    generation: newest.generation,
    secret: newest.value,
    addresses,
    from: parts.identity.peer
  })
  yield { ticket, invitation: invitation.id, role, expires: invitation.expires, name, uses }
}

function issuerOf({ authority, members, identity }: Parts) {
  const { issuer } = authority
  if (issuer != null) return issuer
  const role = authority.roleOf(identity.peer)
  const admins = members.list().filter(member => member.role === 'admin')
  const who = admins.length === 0 ? 'none is known here' : admins.map(({ shown }) => shown).join(', ')
  throw new BakError(
    'not-allowed',
    `this peer is ${role == null ? 'no member any more' : `a member as ${role}`}; only an admin may do this: ${who}`
  )
}
