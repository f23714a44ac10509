/** The connections of one peer. The answers of all peers together are the topology of the mesh. */
import * as v from 'valibot'
import { list, peerId } from './fields.ts'
import { path } from './path.ts'
import type { Protocol } from './stream.ts'

/** A peer has 512 connections at most, and for a moment more while one replaces another. */
export const MAX_LINKS = 1024

/** A connected peer. */
export const link = v.object({
  peer: peerId,
  ...path.entries,
  /** Messages on the topic `run` are sent to it at once, and not only on request. */
  gossip: v.boolean()
})
export type Link = v.InferOutput<typeof link>

export const adjacencyProtocol: Protocol<Record<string, never>, { links: Link[] }> = {
  id: '/bak/adjacency/1.0.0',
  request: v.strictObject({}),
  response: v.object({ links: list(link, MAX_LINKS) }),
  timeout: 5_000,
  maxFrame: 256 * 1024,
  maxRequest: 1024
}
