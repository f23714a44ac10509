/** One content on its way to this peer: has streams opened to those that may have it, and says how it went to all who wait for it. */
import type { Artifact } from '../../../protocols/artifact.ts'
import { asBakError, BakError, type ErrorCode } from '../../../protocols/errors.ts'
import type { Fetched } from '../../../protocols/staged.ts'
import type { WaitOptions } from '../../../protocols/stream.ts'
import { onAbort } from '../../wait.ts'
import type { ArtifactStore, Storing } from '../artifact-store.ts'
import { Body } from '../body.ts'
import { type Growing, openGrowing } from './growing.ts'
import { Partners } from './partners.ts'
import type { Swarm, SwarmInit } from './swarm.ts'

/** Nothing came for so long, and the fetch is given up, ms: the second of what those that are asked are known to have, as long as none answers. */
const STUCK_MS = 60_000
const UNANSWERED_MS = 20_000
/** New streams are opened about so often, ms. */
const OPEN_EVERY_MS = 500

export interface FetchOptions extends WaitOptions, Storing {
  /** Who may have it. */
  from: string[]
  /** Who has all of it. */
  source?: string
  /** All of them are said to have all of it: it is given up where each says that it does not. */
  held?: boolean
  /** Bytes of its files, as they were told. */
  bytes: number
  onProgress?(done: number, total: number): void
}

export type SwarmHooks = Omit<SwarmInit, 'content' | 'uploads' | 'onFalse'>

interface FetchInit {
  digest: string
  options: FetchOptions
  store: ArtifactStore
  self: string
  isConnected(peer: string): boolean
  /** @throws {BakError} `busy` */
  open(hooks: SwarmHooks): Swarm
  /** Opens a stream to a peer. */
  link(swarm: Swarm, peer: string, signal: AbortSignal): Promise<void>
  /** Nothing came for so long, and it is given up, ms; a minute where it is left out. */
  stuckMs?: number | undefined
  /** The daemon stops. */
  stopped: AbortSignal
}

export class Fetch {
  /** Rejects with why it could not be had. */
  readonly done: Promise<Fetched>
  readonly #init: FetchInit
  readonly #control = new AbortController()
  readonly #signal: AbortSignal
  readonly #callers = new Set<FetchOptions>()
  readonly #partners: Partners
  readonly #over = Promise.withResolvers<void>()
  readonly #came: Fetched = { bytes: 0, source: 0 }
  #swarm: Swarm | undefined
  #growing: Growing | undefined
  #done = 0
  /** When a chunk came last, ms of a monotonic clock. */
  #moved = performance.now()

  constructor(init: FetchInit) {
    this.#init = init
    const { options, self, isConnected, stopped } = init
    this.#signal = AbortSignal.any([this.#control.signal, stopped])
    this.#partners = new Partners({
      peers: options.from.filter(peer => peer !== self),
      source: options.source === self ? undefined : options.source,
      isConnected
    })
    this.#over.promise.catch(() => {})
    this.done = this.#run()
    this.done.catch(() => {})
  }

  /** It ends, or has ended: who joins it now gets nothing of it. */
  get isOver(): boolean {
    return this.#control.signal.aborted
  }

  /** @throws {BakError} why it could not be had, or the reason of the caller's signal */
  async wait(caller: FetchOptions): Promise<Fetched> {
    this.#callers.add(caller)
    this.#partners.add(caller.from.filter(peer => peer !== this.#init.self))
    const gone = Promise.withResolvers<never>()
    const { signal } = caller
    const release = signal == null ? () => {} : onAbort(signal, () => gone.reject(asBakError(signal.reason)))
    try {
      return await Promise.race([this.done, gone.promise])
    } finally {
      release()
      this.#callers.delete(caller)
      if (this.#callers.size === 0) this.#control.abort(new BakError('interrupted', 'nobody waits for it any more'))
    }
  }

  async #run(): Promise<Fetched> {
    const { digest, options, store } = this.#init
    const owner = `fetch ${digest}`
    store.needs.add(owner, [digest])
    const stop = onAbort(this.#signal, () => this.#over.reject(asBakError(this.#signal.reason)))
    let timer: NodeJS.Timeout | undefined
    try {
      const opened = this.#open()
      this.#swarm = opened
      timer = setInterval(() => this.#look(opened), OPEN_EVERY_MS)
      // what an earlier exchange left needs no listing from others
      const begun = await store.partOf(digest)
      if (begun != null) await opened.learn(begun)
      this.#connect(opened)
      await this.#over.promise
      const artifact = opened.artifact as Artifact
      const { body, folder } = this.#growing as Growing
      await body.sync()
      await store.keep(folder, artifact, options)
      opened.moveTo(new Body(store.folderOf(digest), artifact))
      await body.close()
      return this.#came
    } catch (cause) {
      store.leave(digest)
      this.#swarm?.end(asBakError(cause))
      await this.#growing?.body.close()
      throw cause
    } finally {
      stop()
      clearInterval(timer)
      store.needs.release(owner)
      this.#control.abort(new BakError('interrupted', 'it is over'))
    }
  }

  #open(): Swarm {
    const { open, options } = this.#init
    return open({
      peers: () => this.#partners.size,
      onListing: artifact => this.#accept(artifact),
      onChunk: (_, bytes, peer) => {
        this.#moved = performance.now()
        this.#came.bytes += bytes
        if (peer === options.source) this.#came.source += bytes
        this.#done += bytes
        this.#partners.gave(peer)
        for (const { onProgress } of this.#callers) onProgress?.(this.#done, options.bytes)
      },
      onDenied: (chunk, peer) => {
        this.#partners.denied(peer, chunk)
        this.#endIfNowhere()
      },
      onWhole: this.#over.resolve,
      onFailed: this.#over.reject,
      onGone: (peer, why) => this.#failed(peer, why)
    })
  }

  async #accept(artifact: Artifact): Promise<Growing> {
    const { digest, options, store } = this.#init
    if (artifact.bytes !== options.bytes) {
      const told = `${options.bytes} bytes were announced`
      throw new BakError('mismatch', `${told}, and ${digest.slice(0, 12)} has ${artifact.bytes}`)
    }
    // what is here is read, however long that takes
    this.#moved = Number.POSITIVE_INFINITY
    this.#growing = await openGrowing(store, artifact, this.#signal)
    this.#done = Math.min(artifact.bytes, this.#growing.has.length * artifact.chunkBytes)
    this.#moved = performance.now()
    return this.#growing
  }

  #look(swarm: Swarm): void {
    this.#connect(swarm)
    this.#endIfNowhere()
    const { stuckMs = STUCK_MS } = this.#init
    const ms = this.#isHeld && swarm.artifact == null ? Math.min(stuckMs, UNANSWERED_MS) : stuckMs
    if (performance.now() - this.#moved >= ms) this.#giveUp('unreachable', `none came for ${ms / 1000} s`)
  }

  get #isHeld(): boolean {
    return [...this.#callers].every(({ held }) => held)
  }

  #failed(peer: string, why?: BakError): void {
    this.#partners.failed(peer, why)
    this.#endIfNowhere()
  }

  #endIfNowhere(): void {
    const swarm = this.#swarm
    if (swarm == null || swarm.isWhole || !this.#isHeld) return
    if (this.#partners.lackAll(chunk => swarm.isMissing(chunk)))
      this.#giveUp('unknown-digest', 'none of those that are said to have it gives them')
  }

  #giveUp(code: ErrorCode, why: string): void {
    const { missing, artifact } = this.#swarm ?? {}
    const what = missing == null ? 'its listing is missing' : `${missing} of its ${artifact?.chunks} chunks are missing`
    const said = `${what}, and ${why}; ${this.#partners.reasons()}`
    this.#over.reject(new BakError(code, `${this.#init.digest.slice(0, 12)} cannot be fetched: ${said}`))
  }

  /** Opens streams to those that may have it. */
  #connect(swarm: Swarm): void {
    if (this.#signal.aborted || swarm.isWhole) return
    const partners = this.#partners
    for (const peer of partners.next(each => swarm.links.has(each))) {
      partners.opening(peer, true)
      this.#init
        .link(swarm, peer, this.#signal)
        .then(
          () => partners.opened(peer),
          cause => this.#failed(peer, asBakError(cause))
        )
        .finally(() => partners.opening(peer, false))
    }
  }
}
