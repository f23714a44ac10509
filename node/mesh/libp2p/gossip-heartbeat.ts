/**
 * How often gossipsub looks after its links: each second while connections come and go, as it does by itself, and seldom once nothing
 * changes. What it counts by the second is counted with the same beat, and needs no timer of its own.
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { LowNoiseMode } from '../idle/low-noise.ts'

/** ms */
const BRISK = 1_000
const CALM = 5_000
const MEASURING = 15_000
/** For so long after a change, ms: links are grafted, and messages that were missed are asked for. */
const RESTLESS = 15_000
/** Seconds that are made up for at once. */
const MAX_SECONDS = 60

export interface GossipHeartbeatComponents {
  pubsub: GossipSub
  events: TypedEventTarget<Libp2pEvents>
  lowNoise: LowNoiseMode
}

/** What is behind gossipsub's interface: how it plans its next beat, and what it counts. */
interface Inside extends GossipSub {
  opts: { heartbeatInterval: number }
  score: { _backgroundInterval?: NodeJS.Timeout; background(): void }
  status: { heartbeatTimeout?: NodeJS.Timeout }
  runHeartbeat(): void
}

export class GossipHeartbeat {
  readonly #components: GossipHeartbeatComponents
  readonly #inside: Inside
  readonly #now: () => number
  #restlessUntil = 0
  /** When what is counted by the second was brought up to date, ms. */
  #counted = 0

  /** @param now ms, of a clock that never goes back */
  constructor(components: GossipHeartbeatComponents, now: () => number = () => performance.now()) {
    this.#components = components
    this.#now = now
    this.#inside = components.pubsub as Inside
  }

  /** libp2p starts only what has both. */
  start(): void {}

  afterStart(): void {
    const { pubsub, events, lowNoise } = this.#components
    clearInterval(this.#inside.score._backgroundInterval)
    this.#counted = this.#now()
    pubsub.addEventListener('gossipsub:heartbeat', this.#onBeat)
    events.addEventListener('connection:open', this.#onConnections)
    events.addEventListener('connection:close', this.#onConnections)
    lowNoise.addEventListener('change', this.#onLowNoise)
    this.#onConnections()
  }

  stop(): void {
    const { pubsub, events, lowNoise } = this.#components
    pubsub.removeEventListener('gossipsub:heartbeat', this.#onBeat)
    events.removeEventListener('connection:open', this.#onConnections)
    events.removeEventListener('connection:close', this.#onConnections)
    lowNoise.removeEventListener('change', this.#onLowNoise)
  }

  get #wanted(): number {
    if (this.#now() < this.#restlessUntil) return BRISK
    return this.#components.lowNoise.active ? MEASURING : CALM
  }

  readonly #onBeat = (): void => {
    const { opts, score } = this.#inside
    const seconds = Math.floor((this.#now() - this.#counted) / 1_000)
    this.#counted += seconds * 1_000
    for (let i = 0; i < Math.min(seconds, MAX_SECONDS); i++) score.background()
    // it plans the next one when this one is over
    opts.heartbeatInterval = this.#wanted
  }

  /** A change does not wait for a beat that is far off. */
  readonly #onConnections = (): void => {
    this.#restlessUntil = this.#now() + RESTLESS
    this.#hasten()
  }

  readonly #onLowNoise = (): void => this.#hasten()

  #hasten(): void {
    const { opts, status } = this.#inside
    const wanted = this.#wanted
    if (wanted >= opts.heartbeatInterval) return
    opts.heartbeatInterval = wanted
    clearTimeout(status.heartbeatTimeout)
    status.heartbeatTimeout = setTimeout(() => this.#inside.runHeartbeat(), wanted).unref()
  }
}
