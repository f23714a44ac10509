/** Peers in one process that exchange artifacts over streams which a test can count, change and cut. */
import { join } from 'node:path'
import type { ArtifactLimits } from '../../node/artifacts/artifact-store.ts'
import type { Artifacts } from '../../node/artifacts/artifacts.ts'
import { Swarms } from '../../node/artifacts/swarm/swarms.ts'
import { createLog } from '../../node/log.ts'
import { BakError } from '../../protocols/errors.ts'
import { type Handler, type Opener, serve } from '../../protocols/stream.ts'
import { type SwarmMessage, swarmProtocol } from '../../protocols/swarm.ts'
import { linkTo, type TestLink } from '../helpers/streams.ts'
import { controller } from '../protocols/samples.ts'
import { plant, scratch } from '../store/scratch.ts'
import { scratchArtifacts } from './scratch-artifacts.ts'

export type SwarmHandler = Handler<SwarmMessage, SwarmMessage>

export interface Peer extends Artifacts {
  name: string
  swarms: Swarms
  /** Stores files of these contents as one folder, or one file if its path is ''. */
  take(files: Record<string, string | Uint8Array>): Promise<{ digest: string; bytes: number }>
  fetch(digest: string, bytes: number, from: string[], more?: object): Promise<{ bytes: number; source: number }>
}

interface Given {
  limits?: Partial<ArtifactLimits>
  folder?: string
  stuckMs?: number
}

export class SwarmNet {
  readonly log: string[] = []
  /** Every stream, by who opened it and to whom: `a b`. */
  readonly links = new Map<string, TestLink>()
  /** Who is a member of the mesh; all where it is empty. */
  readonly members = new Set<string>()
  readonly #handlers = new Map<string, SwarmHandler>()
  readonly #peers: Peer[] = []

  async peer(name: string, { stuckMs = 20_000, ...given }: Given = {}): Promise<Peer> {
    const artifacts = await scratchArtifacts(given)
    const swarms = new Swarms(
      {
        streams: {
          serve: async (_, handler) => this.liar(name, handler as unknown as SwarmHandler),
          to: target => this.opener(name, target),
          connected: () => true
        },
        authority: { roleOf: peer => (this.members.size === 0 || this.members.has(peer) ? 'agent' : undefined) }
      },
      { log: createLog('debug', line => this.log.push(line)), self: name, store: artifacts.store, stuckMs }
    )
    await swarms.start()
    const peer: Peer = {
      ...{ ...artifacts, name, swarms },
      async take(files) {
        const root = scratch()
        const [only] = Object.keys(files)
        if (only === '') await plant(root, { x: files[''] as Uint8Array })
        else await plant(join(root, 'x'), files)
        return await artifacts.imports.take(join(root, 'x'), { by: controller.peer })
      },
      fetch: (digest, bytes, from, more = {}) =>
        swarms.fetch(digest, { ...{ bytes, from, by: controller.peer, source: from[0] as string }, ...more })
    }
    this.#peers.push(peer)
    return peer
  }

  /** Somebody who answers as a test wants. */
  liar(name: string, handler: SwarmHandler): void {
    this.#handlers.set(name, handler)
  }

  /** Nobody reaches it any more, and its streams break. */
  kill(name: string): void {
    this.#handlers.delete(name)
    for (const [pair, link] of this.links) {
      if (pair.split(' ').includes(name)) for (const stream of link.streams) stream.cut()
    }
  }

  /** Bytes that a peer sent to others on all streams. */
  sent(name: string): number {
    let sum = 0
    for (const [pair, { streams }] of this.links) {
      const [by, to] = pair.split(' ')
      for (const { sent, received } of streams) sum += by === name ? sent : to === name ? received : 0
    }
    return sum
  }

  opener(from: string, target: string): Opener {
    return async (id, options) => {
      const handler = this.#handlers.get(target)
      if (handler == null) throw new BakError('unreachable', `${target} cannot be reached`)
      const pair = `${from} ${target}`
      const link = this.links.get(pair) ?? linkTo(serve(swarmProtocol, handler), from)
      this.links.set(pair, link)
      return await link.open(id, options)
    }
  }

  stop(): void {
    for (const { swarms } of this.#peers) swarms.stop()
  }
}
