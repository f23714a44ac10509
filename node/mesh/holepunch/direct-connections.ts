/**
 * Turns relayed connections into direct ones: tries as soon as a relayed connection opens, then with growing delays for as long
 * as there is no direct one. Attempts that other peers lead here are bounded.
 */
import type { Connection, Libp2pEvents } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { directProtocol, type FromFollower, type FromLeader } from '../../../protocols/direct.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { Exchange } from '../../../protocols/stream.ts'
import { BoundedMap } from '../../bounded-map.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import { pause } from '../../wait.ts'
import type { Paths } from '../paths/paths.ts'
import { isRelayed, preferred } from '../reachability/addresses.ts'
import type { Streams } from '../streams.ts'
import type { AttemptComponents } from './attempt.ts'
import { AttemptLimit } from './attempt-limit.ts'
import { Attempts } from './attempts.ts'

const DELAYS_MS = {
  /** Before the attempts with one peer; the last is repeated. */
  attempts: [0, 2_000, 10_000, 60_000, 600_000],
  /** After an attempt that a limit refused, of either peer. It does not count, as nothing was tried. */
  busy: 10_000,
  /** After a success: the direct connection may be a probe by the other peer, which closes it at once. */
  probation: 3_000
}
/** Attempts that other peers lead here, all of them together and those of one. */
const FOLLOW_LIMIT = { maxConcurrent: 32, maxPerPeriod: 256, periodMs: 60_000 }
const FOLLOW_LIMIT_OF_PEER = { maxConcurrent: 1, maxPerPeriod: 6, periodMs: 60_000 }
/** Peers for which the second limit is kept; one entry takes some hundred bytes. */
const MAX_LEADERS = 4_096

export interface DirectConnectionsComponents extends AttemptComponents {
  streams: Pick<Streams, 'serve'>
  paths: Pick<Paths, 'mark' | 'of'>
}

export interface DirectConnectionsInit {
  log: Log
  on: boolean
  /** A test may bring its own. */
  attempts?: Pick<Attempts, 'lead' | 'follow'>
  delays?: typeof DELAYS_MS
}

export class DirectConnections extends Part<DirectConnectionsComponents, DirectConnectionsInit> {
  readonly #log = this.init.log.with({}, 'direct')
  readonly #self = this.components.peerId.toString()
  readonly #attempts = this.init.attempts ?? new Attempts(this.components, { log: this.#log })
  readonly #leading = new Map<string, Promise<void>>()
  readonly #followLimit = new AttemptLimit(FOLLOW_LIMIT)
  readonly #followLimits = new BoundedMap<string, AttemptLimit>(MAX_LEADERS)

  async afterStart(): Promise<void> {
    if (!this.init.on) return
    await this.components.streams.serve(directProtocol, (first, exchange) => this.#follow(first, exchange))
    listen<Libp2pEvents>(this.components.events, this.stopped, { 'connection:open': this.#onOpen })
  }

  async beforeStop(): Promise<void> {
    this.stop()
    await Promise.all(this.#leading.values())
  }

  #connection(peer: string): Connection | undefined {
    return preferred(this.components.connectionManager.getConnections(peerIdFromString(peer)))
  }

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    // the peer with the smaller id leads
    if (!isRelayed(detail.remoteAddr) || this.#self > peer || this.#leading.has(peer)) return
    this.#leading.set(
      peer,
      this.#lead(peer).finally(() => this.#leading.delete(peer))
    )
  }

  /** Tries until there is a direct connection, or none at all. Never rejects. */
  async #lead(peer: string): Promise<void> {
    const { delays = DELAYS_MS } = this.init
    const began = performance.now()
    const signal = this.stopped
    let delay: number | undefined
    for (let tries = 0; ; ) {
      await pause(delay ?? delays.attempts[Math.min(tries, delays.attempts.length - 1)] ?? 0, signal)
      const relayed = this.#connection(peer)
      if (signal.aborted || relayed == null || !isRelayed(relayed.remoteAddr)) return
      tries++
      delay = undefined
      try {
        await this.#attempts.lead(relayed, signal)
        const took = Math.round(performance.now() - began)
        this.#log.info('direct path', { peer, path: this.components.paths.of(peer)?.class, tries, took })
        delay = delays.probation
      } catch (cause) {
        const { code, message: why } = asBakError(cause)
        this.#log.debug('no direct path', { peer, tries, why })
        if (code !== 'busy') continue
        tries--
        delay = delays.busy
      }
    }
  }

  async *#follow(first: FromLeader, exchange: Exchange<FromLeader>): AsyncGenerator<FromFollower> {
    const { peer, signal } = exchange
    if (peer > this.#self) throw new BakError('not-allowed', 'the peer with the smaller id leads')
    const release = await this.#acquire(peer, signal)
    try {
      yield* this.#attempts.follow(first, exchange)
    } finally {
      release()
    }
  }

  async #acquire(peer: string, signal: AbortSignal): Promise<() => void> {
    const ofPeer = this.#followLimits.get(peer) ?? new AttemptLimit(FOLLOW_LIMIT_OF_PEER)
    this.#followLimits.set(peer, ofPeer)
    const releaseOfPeer = await ofPeer.acquire(signal)
    try {
      const release = await this.#followLimit.acquire(signal)
      return () => {
        releaseOfPeer()
        release()
      }
    } catch (error) {
      releaseOfPeer()
      throw error
    }
  }
}
