/** What a peer tells of its own connections: together the answers of all show how the mesh hangs together. */
import * as v from 'valibot'
import { list, peerId } from './fields.ts'
import { path } from './path.ts'
import type { Protocol } from './stream.ts'

/** A peer keeps up 512 connections at most, and for a moment a few more while one takes the place of another. */
export const MAX_LINKS = 1024

/** One peer that another has a connection with. */
export const link = v.object({
  peer: peerId,
  ...path.entries,
  /** What is said on the topic `run` goes to it at once, and not only when it asks for what it missed. */
  gossip: v.boolean()
})
export type Link = v.InferOutput<typeof link>

export const adjacencyProtocol: Protocol<Record<string, never>, { links: Link[] }> = {
  id: '/bak/links/1.0.0',
  request: v.strictObject({}),
  response: v.object({ links: list(link, MAX_LINKS) }),
  timeout: 5_000,
  maxFrame: 256 * 1024,
  maxRequest: 1024
}
