/**
 * Turns relayed connections into direct ones. It begins as soon as a relayed connection opens, and tries again, less and less
 * often, for as long as there is no other. How often another peer may make this one try is bounded.
 */
import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { directProtocol, type FromLeader, type FromFollower } from '../../../protocols/direct.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { Exchange } from '../../../protocols/stream.ts'
import type { Log } from '../../log.ts'
import { preferred } from '../paths/paths.ts'
import { isRelayed } from '../reachability/addresses.ts'
import type { Streams } from '../streams.ts'
import { AttemptLimit } from './attempt-limit.ts'
import { Attempts, type AttemptsComponents } from './attempts.ts'

/** Waits before the tries with one peer, ms; the last for ever. */
const TRIES = [0, 2_000, 10_000, 60_000, 600_000]
/** A direct connection may have been somebody's who only wanted to see whether there can be one, ms. */
const PROBATION = 3_000
/** Tries that others lead here, at once and in a minute; and those that one of them leads. */
const LED = { atOnce: 32, inPeriod: 256, period: 60_000 }
const LED_BY_ONE = { atOnce: 1, inPeriod: 6, period: 60_000 }
const MAX_LEADERS = 4_096

export interface DirectConnectionsComponents extends AttemptsComponents {
  streams: Streams
}

export interface DirectConnectionsInit {
  log: Log
  on: boolean
}

export class DirectConnections {
  readonly #on: boolean
  readonly #components: DirectConnectionsComponents
  readonly #log: Log
  readonly #self: string
  readonly #attempts: Attempts
  readonly #leading = new Map<string, Promise<void>>()
  readonly #led = new AttemptLimit(LED)
  readonly #ledBy = new Map<string, AttemptLimit>()
  readonly #stopped = new AbortController()

  constructor(components: DirectConnectionsComponents, init: DirectConnectionsInit) {
    this.#components = components
    this.#on = init.on
    this.#self = components.peerId.toString()
    this.#log = init.log.with({}, 'direct')
    this.#attempts = new Attempts(components, { log: this.#log })
  }

  /** libp2p starts only what has both. */
  start(): void {}

  async afterStart(): Promise<void> {
    if (!this.#on) return
    await this.#components.streams.serve(directProtocol, (first, exchange) => this.#follow(first, exchange))
    this.#components.events.addEventListener('connection:open', this.#onOpen)
  }

  async beforeStop(): Promise<void> {
    this.#components.events.removeEventListener('connection:open', this.#onOpen)
    this.#stopped.abort(new BakError('interrupted', 'this peer leaves'))
    await Promise.all(this.#leading.values())
  }

  async stop(): Promise<void> {
    if (this.#on) await this.#components.streams.unserve(directProtocol)
  }

  #connection(peer: string): Connection | undefined {
    return preferred(this.#components.connectionManager.getConnections(peerIdFromString(peer)))
  }

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    // the smaller id leads
    if (!isRelayed(detail.remoteAddr) || this.#self > peer || this.#leading.has(peer)) return
    this.#leading.set(
      peer,
      this.#lead(peer).finally(() => this.#leading.delete(peer))
    )
  }

  /** Tries until there is a direct connection, or none at all. Never rejects. */
  async #lead(peer: string): Promise<void> {
    const began = performance.now()
    let wait = 0
    for (let tries = 0; ; ) {
      await this.#pause(wait)
      const relayed = this.#connection(peer)
      if (this.#stopped.signal.aborted || relayed == null || !isRelayed(relayed.remoteAddr)) return
      wait = TRIES[Math.min(++tries, TRIES.length - 1)] as number
      try {
        await this.#attempts.lead(relayed, this.#stopped.signal)
        const took = Math.round(performance.now() - began)
        this.#log.info('direct path', { peer, path: this.#components.paths.of(peer)?.class, tries, took })
        wait = PROBATION
      } catch (cause) {
        this.#log.debug('no direct path', { peer, tries, why: asBakError(cause).message })
      }
    }
  }

  async *#follow(first: FromLeader, exchange: Exchange<FromLeader>): AsyncGenerator<FromFollower> {
    const { peer, signal } = exchange
    if (peer > this.#self) throw new BakError('not-allowed', 'the peer with the smaller id leads')
    const end = await this.#admit(peer, signal)
    try {
      yield* this.#attempts.follow(first, exchange)
    } finally {
      end()
    }
  }

  async #admit(peer: string, signal: AbortSignal): Promise<() => void> {
    const turns = this.#ledBy.get(peer) ?? new AttemptLimit(LED_BY_ONE)
    this.#ledBy.delete(peer)
    this.#ledBy.set(peer, turns)
    if (this.#ledBy.size > MAX_LEADERS) this.#ledBy.delete(this.#ledBy.keys().next().value as string)
    const ends = [await turns.take(signal)]
    try {
      ends.push(await this.#led.take(signal))
    } catch (error) {
      ends[0]?.()
      throw error
    }
    return () => {
      for (const end of ends) end()
    }
  }

  #pause(length: number): Promise<void> {
    return new Promise(resolve => {
      const { signal } = this.#stopped
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, length).unref()
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }
}
