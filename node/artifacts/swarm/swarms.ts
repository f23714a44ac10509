/** Every content that this peer gets or gives: serves what is stored here, and fetches what is not from whoever has it. */
import type { Artifact } from '../../../protocols/artifact.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { Queue } from '../../../protocols/queue.ts'
import type { Fetched } from '../../../protocols/staged.ts'
import { call, type Exchange } from '../../../protocols/stream.ts'
import { type Hello, type SwarmMessage, swarmProtocol } from '../../../protocols/swarm.ts'
import { BoundedMap } from '../../bounded-map.ts'
import type { Log } from '../../log.ts'
import type { Roles } from '../../mesh/permissions.ts'
import type { Streams } from '../../mesh/streams.ts'
import { Part } from '../../part.ts'
import { onAbort } from '../../wait.ts'
import type { ArtifactStore } from '../artifact-store.ts'
import { Body } from '../body.ts'
import { Fetch, type FetchOptions, type SwarmHooks } from './fetch.ts'
import { Swarm } from './swarm.ts'
import { Uploads } from './uploads.ts'

/** Contents that are exchanged at once, and streams about one of them. */
const MAX_SWARMS = 128
const MAX_LINKS = 128
/** A peer that sent something false is not asked for that content again for so long, ms. */
const BAN_MS = 600_000
const MAX_BANS = 4096

export interface SwarmsComponents {
  streams: Pick<Streams, 'serve' | 'to' | 'connected'>
  authority: Roles
}

export interface SwarmsInit {
  log: Log
  self: string
  store: ArtifactStore
  stuckMs?: number
}

export class Swarms extends Part<SwarmsComponents, SwarmsInit> {
  readonly #log = this.init.log.with({}, 'swarm')
  readonly #uploads = new Uploads(digest => this.#onDamaged(digest))
  readonly #swarms = new Map<string, Swarm>()
  readonly #fetches = new Map<string, Fetch>()
  /** By content and peer: until when. */
  readonly #banned = new BoundedMap<string, number>(MAX_BANS)

  /** Where all of it is. */
  get store(): ArtifactStore {
    return this.init.store
  }

  async start(): Promise<void> {
    await this.components.streams.serve(swarmProtocol, (first, exchange) => this.#serve(first, exchange))
  }

  override stop(): void {
    super.stop()
    for (const swarm of [...this.#swarms.values()]) swarm.end(asBakError(this.stopped.reason))
  }

  /**
   * Gets a content, unless it is here. Two that ask for the same share one exchange.
   * @returns how much came for it
   * @throws {BakError} `unreachable` if it is nowhere, `mismatch`, `no-space`, `not-allowed`, the reason of the signal
   */
  async fetch(digest: string, options: FetchOptions): Promise<Fetched> {
    const { store } = this.init
    options.signal?.throwIfAborted()
    const known = this.#fetches.get(digest)
    if (known?.isOver) {
      await known.done.catch(() => {})
      return await this.fetch(digest, options)
    }
    if (known == null && store.get(digest) != null) {
      await store.read(digest)
      await store.describe(digest, options)
      return { bytes: 0, source: 0 }
    }
    const fetched = await (known ?? this.#begin(digest, options)).wait(options)
    if (known != null) await store.describe(digest, options)
    return fetched
  }

  #onDamaged(digest: string): void {
    const { damaged } = this.init.store
    if (damaged.has(digest)) return
    damaged.add(digest)
    this.init.log.warn('what is stored here is damaged: stage it again', { content: digest })
  }

  #begin(digest: string, options: FetchOptions): Fetch {
    const { store, self, stuckMs } = this.init
    const { streams } = this.components
    const fetch = new Fetch({
      ...{ digest, options, store, self, stuckMs, stopped: this.stopped },
      isConnected: peer => streams.connected(peer),
      open: hooks => this.#open(digest, hooks),
      link: (swarm, peer, signal) => this.#link(swarm, peer, signal)
    })
    this.#fetches.set(digest, fetch)
    fetch.done
      .then(
        // those that still lack some of it get it from here
        () => store.needs.add(ownerOf(digest), [digest]),
        () => this.#swarms.delete(digest)
      )
      .finally(() => {
        this.#fetches.delete(digest)
        this.#closeUnused(digest)
      })
    return fetch
  }

  #open(content: string, { onGone, ...hooks }: SwarmHooks): Swarm {
    this.#swarms.get(content)?.end(new BakError('interrupted', 'it begins anew'))
    this.#swarms.delete(content)
    if (this.#swarms.size >= MAX_SWARMS) throw new BakError('busy', `${MAX_SWARMS} contents are exchanged already`)
    const swarm = new Swarm({
      ...hooks,
      content,
      uploads: this.#uploads,
      onGone: (peer, why) => {
        onGone?.(peer, why)
        this.#closeUnused(content)
      },
      onFalse: (peer, why) => {
        this.#banned.set(`${content} ${peer}`, performance.now() + BAN_MS)
        this.#log.refused('a peer sent something false', { from: peer, content, code: 'mismatch', why })
      }
    })
    this.#swarms.set(content, swarm)
    return swarm
  }

  async #link(swarm: Swarm, peer: string, signal: AbortSignal): Promise<void> {
    this.#checkBan(swarm.content, peer)
    const opened = await call(this.components.streams.to(peer), swarmProtocol, { signal: this.stopped })
    // the other side may have opened one meanwhile
    if (signal.aborted || swarm.isWhole || swarm.links.has(peer)) return opened.abort(duplicate())
    const { send, receive, close, abort } = opened
    swarm.add(peer, { send: message => send(message), receive, close, abort })
  }

  async *#serve(first: SwarmMessage, { peer, receive, signal }: Exchange<SwarmMessage>): AsyncGenerator<SwarmMessage> {
    if (first.type !== 'hello') throw new BakError('bad-message', 'the first message is not a hello')
    if (this.components.authority.roleOf(peer) == null) {
      throw new BakError('not-allowed', `${peer} is no member of the mesh`)
    }
    const swarm = await this.#swarmOf(first, peer)
    const out = new Queue<SwarmMessage>(1)
    const abort = (error: Error) => out.fail(error)
    const release = onAbort(signal, () => out.fail(asBakError(signal.reason)))
    const send = (message: SwarmMessage) => out.put(message)
    const link = swarm.add(peer, { send, receive, close: () => out.end(), abort }, first)
    try {
      for (let next = await out.take(); next !== undefined; next = await out.take()) yield next
    } finally {
      release()
      link.drop(new BakError('unreachable', 'the stream ended'))
    }
  }

  async #swarmOf({ content }: Hello, peer: string): Promise<Swarm> {
    this.#checkBan(content, peer)
    const artifact = this.#swarms.has(content) ? undefined : await this.init.store.read(content)
    const swarm = this.#swarms.get(content) ?? this.#seed(artifact as Artifact)
    // of two that open at once, the one that the lesser peer id opened stays
    if (swarm.links.get(peer)?.isOwn && this.init.self < peer) throw duplicate()
    if (swarm.links.size < MAX_LINKS || swarm.links.has(peer)) return swarm
    throw new BakError('busy', `${MAX_LINKS} peers exchange it with this one already`)
  }

  #seed(artifact: Artifact): Swarm {
    const { store } = this.init
    const { digest } = artifact
    store.needs.add(ownerOf(digest), [digest])
    const swarm = this.#open(digest, {
      peers: () => 0,
      onListing: () => Promise.reject(new BakError('bug', 'it is here'))
    })
    swarm.seed(artifact, new Body(store.folderOf(digest), artifact))
    return swarm
  }

  /** A content that nobody exchanges any more. */
  #closeUnused(content: string): void {
    const swarm = this.#swarms.get(content)
    if ((swarm?.links.size ?? 0) > 0 || this.#fetches.has(content)) return
    this.#swarms.delete(content)
    swarm?.end(new BakError('interrupted', 'nobody exchanges it'))
    this.init.store.needs.release(ownerOf(content))
  }

  #checkBan(content: string, peer: string): void {
    const until = this.#banned.get(`${content} ${peer}`) ?? 0
    if (until > performance.now()) throw new BakError('not-allowed', `${peer} sent something false of ${content}`)
  }
}

const ownerOf = (digest: string) => `give ${digest}`

const duplicate = () => new BakError('interrupted', 'there is another stream')
