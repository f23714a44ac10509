/**
 * Carries what admins have decided to every peer: on the topic `trust`, in a swap with each peer that connects, and now and then
 * with one of those that are connected, since gossip may lose.
 */
import type { IdentifyResult, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { decode, encode } from '../../../protocols/codec.ts'
import { asBakError } from '../../../protocols/errors.ts'
import { topicName } from '../../../protocols/hello.ts'
import { type Fact, factId, trustMessage, trustProtocol } from '../../../protocols/trust.ts'
import type { Log } from '../../log.ts'
import type { Gossip } from '../gossip.ts'
import type { LowNoiseMode } from '../idle/low-noise.ts'
import { Rebroadcast } from '../membership/rebroadcast.ts'
import type { Streams } from '../streams.ts'
import type { Authority } from './authority.ts'
import { checkFact } from './trust-log.ts'
import { answerTrustSync, syncTrust } from './trust-sync.ts'

/** A decision is published again at these times: right after a connection it may not have reached all. */
const REPEATS = [300, 1_000, 3_000]
/** How often what is known is compared with one peer that is connected, give or take a quarter, ms; not between start and stop. */
const COMPARE = 240_000

export interface TrustPublisherComponents {
  authority: Authority
  connectionManager: ConnectionManager
  events: TypedEventTarget<Libp2pEvents>
  gossip: Gossip
  lowNoise: LowNoiseMode
  streams: Streams
}

export class TrustPublisher {
  readonly #components: TrustPublisherComponents
  readonly #log: Log
  readonly #self: string
  readonly #topic: string
  readonly #news = new Rebroadcast()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(components: TrustPublisherComponents, init: { log: Log; self: string }) {
    this.#components = components
    this.#log = init.log.with({}, 'spread')
    this.#self = init.self
    this.#topic = topicName(components.authority.mesh, 'trust')
  }

  /** libp2p starts only what has both. */
  start(): void {}

  async afterStart(): Promise<void> {
    const { authority, events, gossip, streams } = this.#components
    await streams.serve(trustProtocol, (first, exchange) => answerTrustSync(first, exchange, this.#swapping))
    gossip.subscribe({
      name: this.#topic,
      check: (bytes, claim) => {
        const { fact } = decode(trustMessage, bytes)
        if (fact.type !== 'use') claim(fact.sealed.by)
        const checked = checkFact(authority.mesh, fact)
        // a use is signed with the key of its invitation
        if (checked.type === 'use') claim(checked.proof.invitation ?? checked.proof.peer)
        return fact
      },
      handle: fact => {
        this.#news.onPublished(factId(fact), 1)
        this.#take(fact, 'gossip')
      }
    })
    events.addEventListener('peer:identify', this.#onIdentify)
    this.#compare()
  }

  async stop(): Promise<void> {
    this.#components.events.removeEventListener('peer:identify', this.#onIdentify)
    this.#news.stop()
    for (const timer of this.#timers) clearTimeout(timer)
    await this.#components.streams.unserve(trustProtocol)
  }

  /** This peer has decided something. @throws {BakError} if it may not */
  decide(fact: Fact): void {
    this.#components.authority.take(fact)
    this.#publish(fact)
    for (const [i, delay] of REPEATS.entries()) this.#later(delay, () => this.#publish(fact, i + 1))
  }

  #publish(fact: Fact, attempt = 0): void {
    this.#components.gossip.publish(this.#topic, encode({ fact, attempt }))
  }

  /** @throws {BakError} if it is no decision: nobody who keeps to the rules passes on what is none */
  #take(fact: Fact, from: string): boolean {
    try {
      return this.#components.authority.take(fact) != null
    } catch (cause) {
      const { code, message: why } = asBakError(cause)
      this.#log.refused('decision refused', { from, type: fact.type, code, why })
      if (code !== 'busy') throw cause
      return false
    }
  }

  get #swapping() {
    const take = (fact: Fact, from: string) => {
      if (this.#take(fact, from)) this.#news.plan(factId(fact), 1, () => this.#publish(fact))
    }
    return { facts: this.#components.authority.facts, take }
  }

  /** The smaller id asks, so that one swap is enough. */
  readonly #onIdentify = (event: CustomEvent<IdentifyResult>): void => {
    const peer = event.detail.peerId.toString()
    if (peer > this.#self) this.#swap(peer)
  }

  #compare(): void {
    this.#later(COMPARE * (0.75 + Math.random() / 2), () => {
      const connections = this.#components.connectionManager.getConnections()
      const one = connections[Math.floor(Math.random() * connections.length)]
      if (one != null && !this.#components.lowNoise.active) this.#swap(one.remotePeer.toString())
      this.#compare()
    })
  }

  #swap(peer: string): void {
    syncTrust(this.#components.streams.to(peer), peer, this.#swapping).catch(error =>
      this.#log.debug('no swap', { peer, why: asBakError(error).message })
    )
  }

  #later(delay: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, delay)
    this.#timers.add(timer.unref())
  }
}
