/** The connections of this peer, as it lists them to any member: which peers, by which path, and whether gossip goes there. */
import type { ConnectionManager } from '@libp2p/interface-internal'
import { adjacencyProtocol, type Link, MAX_LINKS } from '../../protocols/adjacency.ts'
import { topicName } from '../../protocols/hello.ts'
import { Part } from '../part.ts'
import type { Paths } from './paths/paths.ts'
import type { Streams } from './streams.ts'

export interface AdjacencyComponents {
  connectionManager: Pick<ConnectionManager, 'getConnections'>
  paths: Pick<Paths, 'of'>
  /** Gossipsub; its public type lacks this method. */
  pubsub: { getMeshPeers(topic: string): string[] }
  streams: Pick<Streams, 'serve'>
}

export class Adjacency extends Part<AdjacencyComponents, { mesh: string }> {
  readonly #topic = topicName(this.init.mesh, 'run')

  async start(): Promise<void> {
    await this.components.streams.serve(adjacencyProtocol, () => this.#answer())
  }

  /** @returns one for each connected peer; of several connections the one in use counts */
  list(): Link[] {
    const { connectionManager, paths, pubsub } = this.components
    const gossip = new Set(pubsub.getMeshPeers(this.#topic))
    const peers = new Set(connectionManager.getConnections().map(({ remotePeer }) => remotePeer.toString()))
    const links = [...peers].flatMap(peer => {
      const path = paths.of(peer)
      return path == null ? [] : [{ peer, ...path, gossip: gossip.has(peer) }]
    })
    return links.slice(0, MAX_LINKS)
  }

  async *#answer(): AsyncGenerator<{ links: Link[] }> {
    yield { links: this.list() }
  }
}
