/**
 * Tells two daemons with one key apart, as after a home was copied. A peer that has several connections with the same peer id asks on each
 * of them for the `life` of the daemon at its end. If two differ, it has each sign the challenge of the other, and shows them that: so both
 * know that the other lives now, and no peer can pretend it.
 */
import * as v from 'valibot'
import { type Envelope, envelope, type Subject } from './envelope.ts'
import { bytes, text } from './fields.ts'
import type { Protocol } from './stream.ts'

const random = v.pipe(bytes(16), v.length(16))

export interface Life {
  /** Chosen at random at the start of a daemon. */
  life: Uint8Array
  challenge: Uint8Array
}

const life = v.object({ life: random, challenge: random })
export const lifeSubject: Subject<Life> = { name: 'life', schema: life }

export interface TwinRequest {
  /** Of the other daemon, to be signed. */
  challenge?: Uint8Array
  /** What the other daemon signed, and where it is. */
  twin?: { proof: Envelope; address: string }
}

/** A challenge of its own, and what was asked to be signed. */
export type TwinResponse = Life & { proof?: Envelope }

export const twinProtocol: Protocol<TwinRequest, TwinResponse> = {
  id: '/bak/twin/1.0.0',
  request: v.object({
    challenge: v.optional(random),
    twin: v.optional(v.object({ proof: envelope, address: text }))
  }),
  response: v.object({ ...life.entries, proof: v.optional(envelope) }),
  timeout: 10_000,
  maxFrame: 16 * 1024
}
