/**
 * A second connection for large transfers and for the lines of runs, between two peers that reach each other directly: TLS of
 * Node's own is more than twice as fast as Noise in JavaScript, for half of the processor time, and needs no muxer. Its key is told over the first connection, which has
 * shown who is at the other end and stays what all else goes by; without that one this is not there, and where this cannot
 * be had its transfers go over that one.
 */
import type { Connection, Libp2pEvents, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { Use } from '../../../protocols/bulk.ts'
import type { Channel } from '../../../protocols/channel.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { Opener } from '../../../protocols/stream.ts'
import type { Log } from '../../log.ts'
import type { Greeter } from './greeter.ts'
import { type Line, Lines } from './lines.ts'
import { Maker, type MakerComponents, USES } from './make.ts'

/** A transfer of fewer bytes is nearly over when such a connection is made, which takes about 15 ms and two round trips. */
const WORTH = 8 * 1024 * 1024
/** The same where it takes a look from outside and half a dozen round trips more. */
const WORTH_PUNCHED = 64 * 1024 * 1024
/** With whom it could not be had it is not tried again for so long, ms. */
const REST = 60_000
const MAX_RESTING = 4_096

export interface BulkComponents extends MakerComponents {
  events: TypedEventTarget<Libp2pEvents>
}

export interface BulkInit {
  log: Log
  greeter: Greeter
  /** ms without a stream after which it is closed */
  idle?: number
}

export class Bulk {
  readonly #components: BulkComponents
  readonly #log: Log
  readonly #lines: Lines
  readonly #maker: Maker
  readonly #making = new Map<string, Promise<Line | undefined>>()
  /** Until when, ms. */
  readonly #resting = new Map<string, number>()

  constructor(components: BulkComponents, { log, greeter, idle }: BulkInit) {
    this.#components = components
    this.#log = log.with({}, 'bulk')
    this.#lines = new Lines(idle)
    this.#maker = new Maker(components, { log: this.#log, greeter, lines: this.#lines })
  }

  /** libp2p starts only what has both. */
  start(): void {}

  async afterStart(): Promise<void> {
    await this.#maker.start()
    this.#components.events.addEventListener('peer:disconnect', this.#onGone)
  }

  beforeStop(): void {
    this.#maker.end(new BakError('interrupted', 'this peer leaves'))
    this.#components.events.removeEventListener('peer:disconnect', this.#onGone)
    this.#lines.end()
  }

  async stop(): Promise<void> {
    await this.#maker.stop()
  }

  /** @returns what opens the streams of one transfer: over a bulk connection where that is worth it and can be had */
  to(peer: string, bytes: number): Opener {
    const plain = this.#components.streams.to(peer)
    if (plain.local != null) return plain
    let last: Channel | undefined
    return async (protocol, options = {}) => {
      // what broke once may be in the way again
      const use = (Object.keys(USES) as Use[]).find(each => USES[each].id === protocol)
      const channel = use != null && last?.status !== 'aborted' ? await this.#begin(peer, bytes, use) : undefined
      if (channel == null) return plain(protocol, options)
      last = channel
      return channel
    }
  }

  /**
   * @returns what opens the line of a run to a peer: over a connection of its own, but where that would have to be punched. Its few
   * small frames cost less than half there of what a stream among others does.
   */
  lineTo(peer: string): Opener {
    const open = this.to(peer, 0)
    if (open.local != null) return open
    return async (protocol, options) => {
      await this.#maker.reach(peer, options?.signal)
      return open(protocol, options)
    }
  }

  /** Connections that stand. */
  get size(): number {
    return this.#lines.size
  }

  /** On one that stands and is free, or on a new one; undefined where there can be none now. Never rejects. */
  async #begin(peer: string, bytes: number, use: Use): Promise<Channel | undefined> {
    // another transfer may have begun on what was made for this one
    for (let made = 0; made < 2; made++) {
      const line = this.#lines.free(peer, use)
      if (line != null) return line.wire.begin(USES[use] as never)
      if ((await this.#another(peer, bytes, use)) == null) return undefined
    }
    return undefined
  }

  async #another(peer: string, bytes: number, use: Use): Promise<Line | undefined> {
    const [way] = this.#maker.ways(peer)
    if (way == null || (this.#resting.get(peer) ?? 0) > performance.now()) return undefined
    if (!this.#isWorth(way, bytes, use)) return undefined
    if (!this.#lines.hasRoom(peer, true, use)) return undefined
    const making =
      this.#making.get(`${peer} ${use}`) ??
      this.#make(peer, way, use).finally(() => this.#making.delete(`${peer} ${use}`))
    this.#making.set(`${peer} ${use}`, making)
    return making
  }

  #isWorth(way: Connection, bytes: number, use: Use): boolean {
    const isPunched = this.#components.paths.isPunched(way)
    return use === 'acks' ? !isPunched : bytes >= (isPunched ? WORTH_PUNCHED : WORTH)
  }

  async #make(peer: string, way: Connection, use: Use): Promise<Line | undefined> {
    const began = performance.now()
    try {
      const line = await this.#maker.make(way, use)
      this.#log.debug('bulk connection', { peer, took: Math.round(performance.now() - began) })
      return line
    } catch (cause) {
      this.#fallBack(peer, cause)
      return undefined
    }
  }

  #fallBack(peer: string, cause: unknown): void {
    if (this.#maker.isOver) return
    this.#resting.delete(peer)
    this.#resting.set(peer, performance.now() + REST)
    if (this.#resting.size > MAX_RESTING) this.#resting.delete(this.#resting.keys().next().value as string)
    const { code, message } = asBakError(cause)
    this.#log.info('no bulk connection', { peer, code, why: message })
  }

  /** Who is revoked, cut off or gone has no connection any more. */
  readonly #onGone = ({ detail }: CustomEvent<PeerId>): void => this.#lines.end(detail.toString())
}
