/** The call that opens ports of this machine whose connections lead to a member. */
import * as v from 'valibot'
import { code, list, name, peerId, text } from '../fields.ts'
import { port } from '../ports.ts'

/** Ports of one call. */
const MAX_FORWARDED_PORTS = 16

const forwarded = v.object({
  /** Of the member's loopback. */
  remote: port,
  /** Of this machine's; any that is free where it is left out. */
  local: v.optional(port)
})

export const tunnelCalls = {
  /** The ports are open until the call is aborted. */
  forward: {
    request: v.strictObject({ peer: text, ports: v.pipe(list(forwarded, MAX_FORWARDED_PORTS), v.minLength(1)) }),
    response: v.variant('type', [
      v.object({ type: v.literal('listening'), peer: peerId, name, host: text, local: port, remote: port }),
      /** A connection led nowhere, or broke; alike ones are told once in a while. */
      v.object({ type: v.literal('failed'), remote: port, code, error: text }),
      /** The member was lost, or came back. */
      v.object({ type: v.literal('member'), name, here: v.boolean() })
    ])
  }
} as const
