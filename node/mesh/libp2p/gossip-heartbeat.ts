/**
 * Gossipsub's heartbeat runs every second, whatever happens, and its peer scores have a second timer. Here it runs every second while
 * connections change, and seldom otherwise; the scores are refreshed with it.
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import { listen } from '../../listen.ts'
import type { LowNoiseEvents, LowNoiseMode } from '../idle/low-noise.ts'

/** Between two heartbeats: after a change, without one, and while tools measure. */
const ACTIVE_INTERVAL_MS = 1_000
const IDLE_INTERVAL_MS = 5_000
const LOW_NOISE_INTERVAL_MS = 15_000
/** A change counts for so long: links are grafted, and missed messages are asked for. */
const ACTIVE_AFTER_CHANGE_MS = 15_000
/** Refreshes of the scores, one a second, that are made up for at once. */
const MAX_REFRESHES = 60

export interface GossipHeartbeatComponents {
  pubsub: GossipSub
  events: TypedEventTarget<Libp2pEvents>
  lowNoise: LowNoiseMode
}

/** Private fields of gossipsub: the plan of its next heartbeat, and its scores. */
interface GossipInternals extends GossipSub {
  opts: { heartbeatInterval: number }
  score: { _backgroundInterval?: NodeJS.Timeout; background(): void }
  status: { heartbeatTimeout?: NodeJS.Timeout }
  runHeartbeat(): void
}

export class GossipHeartbeat {
  readonly #components: GossipHeartbeatComponents
  readonly #inside: GossipInternals
  readonly #now: () => number
  readonly #stopped = new AbortController()
  #activeUntil = 0
  /** When the scores were refreshed, ms. */
  #refreshed = 0

  /** @param now ms, of a clock that never goes back */
  constructor(components: GossipHeartbeatComponents, now: () => number = () => performance.now()) {
    this.#components = components
    this.#now = now
    this.#inside = components.pubsub as GossipInternals
  }

  afterStart(): void {
    const { pubsub, events, lowNoise } = this.#components
    clearInterval(this.#inside.score._backgroundInterval)
    this.#refreshed = this.#now()
    const { signal } = this.#stopped
    pubsub.addEventListener('gossipsub:heartbeat', () => this.#onBeat(), { signal })
    const onChange = () => this.#onConnections()
    listen<Libp2pEvents>(events, signal, { 'connection:open': onChange, 'connection:close': onChange })
    listen<LowNoiseEvents>(lowNoise, signal, { change: () => this.#bringForward() })
    this.#onConnections()
  }

  stop(): void {
    this.#stopped.abort()
  }

  get #interval(): number {
    if (this.#now() < this.#activeUntil) return ACTIVE_INTERVAL_MS
    return this.#components.lowNoise.active ? LOW_NOISE_INTERVAL_MS : IDLE_INTERVAL_MS
  }

  #onBeat(): void {
    const { opts, score } = this.#inside
    const seconds = Math.floor((this.#now() - this.#refreshed) / 1_000)
    this.#refreshed += seconds * 1_000
    for (let i = 0; i < Math.min(seconds, MAX_REFRESHES); i++) score.background()
    // gossipsub plans the next heartbeat after this event
    opts.heartbeatInterval = this.#interval
  }

  #onConnections(): void {
    this.#activeUntil = this.#now() + ACTIVE_AFTER_CHANGE_MS
    this.#bringForward()
  }

  /** Moves the next heartbeat forward if it is further off than wanted. */
  #bringForward(): void {
    const { opts, status } = this.#inside
    const interval = this.#interval
    if (interval >= opts.heartbeatInterval) return
    opts.heartbeatInterval = interval
    clearTimeout(status.heartbeatTimeout)
    status.heartbeatTimeout = setTimeout(() => this.#inside.runHeartbeat(), interval).unref()
  }
}
