/** Calls about who belongs to the mesh: invitations, revocations and the secret of the mesh. */
import * as v from 'valibot'
import { MAX_DURATION_MS } from '../duration.ts'
import { count, instant, list, MAX_PEERS, milliseconds, name, peerId, text } from '../fields.ts'
import { MAX_USES, role } from '../membership.ts'

const knownPeer = v.object({ peer: peerId, name: v.optional(name) })
const invitation = v.object({
  id: peerId,
  name: v.optional(name),
  /** The fields from here to `uses` are left out for an invitation that is only known from the proofs of its peers. */
  role: v.optional(role),
  by: v.optional(knownPeer),
  issued: v.optional(instant),
  expires: v.optional(instant),
  /** How many peers may use it; left out where there is no limit. */
  uses: v.optional(count),
  peers: list(knownPeer, MAX_PEERS),
  state: v.picklist(['open', 'used-up', 'expired', 'revoked', 'unknown'])
})
export type InvitationView = v.InferOutput<typeof invitation>

export const trustCalls = {
  /** Issues an invitation and gives its ticket; only an admin may. */
  invite: {
    request: v.strictObject({
      role: v.optional(role),
      /** How long it can be used, ms. */
      ttl: v.optional(v.pipe(milliseconds, v.minValue(1_000), v.maxValue(MAX_DURATION_MS))),
      uses: v.optional(v.pipe(count, v.minValue(1), v.maxValue(MAX_USES))),
      name: v.optional(name)
    }),
    response: v.object({
      ticket: v.string(),
      invitation: peerId,
      role,
      expires: instant,
      name: v.optional(name),
      uses: v.optional(count)
    })
  },
  /** The invitations that this peer issued, and those that members used. */
  invites: { request: v.strictObject({}), response: v.object({ invitations: list(invitation, 100_000) }) },
  /** Revokes a peer, or an invitation and every peer that used it; with an admin, every proof that depends on its key. */
  revoke: {
    request: v.strictObject({ what: v.pipe(text, v.minLength(1)), reason: v.optional(text) }),
    response: v.object({
      kind: v.picklist(['invitation', 'peer']),
      target: peerId,
      name: v.optional(name),
      /** Peers that were members until now. */
      dropped: list(knownPeer, MAX_PEERS),
      /** The invitation that the revoked peer used, if it is still open: the same machine could join again with another key. */
      open: v.optional(v.object({ id: peerId, name: v.optional(name) }))
    })
  },
  /** Gives the mesh a new secret; for `grace` ms the older ones still admit a peer with a proof. */
  rotate: {
    request: v.strictObject({ grace: v.optional(v.pipe(milliseconds, v.maxValue(MAX_DURATION_MS))) }),
    response: v.object({ generation: count, until: instant })
  }
} as const
