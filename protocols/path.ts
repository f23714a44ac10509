/** How one peer reaches another. */
import * as v from 'valibot'
import { milliseconds, peerId } from './fields.ts'

/**
 * - `direct`: one dialled the other's own address
 * - `reversed`: the one behind a router dialled, because the other, which everyone can reach, asked for it
 * - `mapped`: through a port that a router opened on demand
 * - `punched`: both connected to each other's outside at the same time
 * - `relayed`: through a third peer
 */
export const pathClass = v.picklist(['direct', 'reversed', 'mapped', 'punched', 'relayed'])
export type PathClass = v.InferOutput<typeof pathClass>

/** What encrypts the connection to a peer: Node's TLS where it has a socket of its own, Noise where it is relayed. */
export const carrier = v.picklist(['noise', 'tls'])
export type Carrier = v.InferOutput<typeof carrier>

export const path = v.object({
  class: pathClass,
  /** The relay. */
  via: v.optional(peerId)
})
export type Path = v.InferOutput<typeof path>

/** As it was at one instant, and how long a question and its answer took on it, ms. */
export const measuredPath = v.object({ ...path.entries, roundTrip: milliseconds })
export type MeasuredPath = v.InferOutput<typeof measuredPath>

/** What a peer knows of its own place: everyone can dial it; a router is before it; one that gives each destination a port of its own. */
export const nat = v.picklist(['public', 'nat', 'symmetric'])
export type Nat = v.InferOutput<typeof nat>
