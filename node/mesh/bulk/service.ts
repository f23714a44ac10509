/**
 * A second connection for large transfers between two members that reach each other directly: TLS of Node's own is more than
 * twice as fast as Noise in JavaScript, for half of the processor time. Its key is told over the first connection, which has
 * shown who is at the other end and stays what all else goes by; without that one this is not there, and where this cannot
 * be had its transfers go over that one.
 */
import { connect, type Socket } from 'node:net'
import type { Connection, Libp2pEvents, PeerId, Stream, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { type BulkRequest, type BulkResponse, bulkProtocol } from '../../../protocols/bulk.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { askOne, type Exchange, type Opener } from '../../../protocols/stream.ts'
import { tarballProtocol } from '../../../protocols/tarball.ts'
import type { Log } from '../../log.ts'
import { originOf } from '../bounds/origin.ts'
import type { Paths } from '../direct/paths.ts'
import { hangUpOn } from '../hang-up.ts'
import { isRelayed } from '../reach/addresses.ts'
import type { Streams } from '../streams.ts'
import type { Greeter, Knock } from './greeter.ts'
import { type Key, Keys } from './keys.ts'
import { Lines } from './lines.ts'
import { acceptTls, offerTls } from './tls.ts'
import { type UpgradeComponents, upgradeQuietly } from './upgrade.ts'

/** What goes over it. */
const PROTOCOLS = [tarballProtocol.id]
/** A transfer of fewer bytes is over sooner than such a connection is made. */
const WORTH = 8 * 1024 * 1024
/** Longest time to make one, and to begin a stream on it, ms. */
const MAKING = 5_000
const OPENING = 3_000
/** With whom it could not be had it is not tried again for so long, ms. */
const REST = 60_000
const MAX_RESTING = 4_096

export interface BulkComponents extends UpgradeComponents {
  peerId: PeerId
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: ConnectionManager
  streams: Streams
  paths: Paths
}

export interface BulkInit {
  log: Log
  greeter: Greeter
  /** ms without a stream after which it is closed */
  idle?: number
}

export class Bulk {
  readonly #components: BulkComponents
  readonly #greeter: Greeter
  readonly #log: Log
  readonly #keys = new Keys()
  readonly #lines: Lines
  readonly #making = new Map<string, Promise<Connection | undefined>>()
  /** Until when, ms. */
  readonly #resting = new Map<string, number>()
  readonly #stopped = new AbortController()

  constructor(components: BulkComponents, { log, greeter, idle }: BulkInit) {
    this.#components = components
    this.#greeter = greeter
    this.#lines = new Lines(idle)
    this.#log = log.with({}, 'bulk')
  }

  /** libp2p starts only what has both. */
  start(): void {}

  async afterStart(): Promise<void> {
    await this.#components.streams.serve(bulkProtocol, (request, exchange) => this.#answer(request, exchange))
    this.#components.events.addEventListener('peer:disconnect', this.#onGone)
    this.#greeter.onTls = knock => this.#accept(knock)
  }

  beforeStop(): void {
    this.#stopped.abort(new BakError('interrupted', 'this peer leaves'))
    this.#components.events.removeEventListener('peer:disconnect', this.#onGone)
    this.#lines.end('this peer leaves')
  }

  async stop(): Promise<void> {
    await this.#components.streams.unserve(bulkProtocol)
  }

  /** @returns what opens the streams of one transfer: over a bulk connection where that is worth it and can be had */
  to(peer: string, bytes: number): Opener {
    const plain = this.#components.streams.to(peer)
    if (plain.local != null) return plain
    let last: { line: Connection; stream: Stream } | undefined
    return async (protocol, options = {}) => {
      // what broke once may be in the way again
      const broke = last != null && (last.line.status !== 'open' || isBroken(last.stream))
      const line = broke || (bytes < WORTH && this.#lines.of(peer) == null) ? undefined : await this.#line(peer)
      if (line == null) return plain(protocol, options)
      try {
        const signals = [options.signal, AbortSignal.timeout(OPENING)].filter(each => each != null)
        const stream = await line.newStream(protocol, { signal: AbortSignal.any(signals) })
        last = { line, stream }
        return stream
      } catch (cause) {
        if (options.signal?.aborted) throw asBakError(options.signal.reason)
        this.#fallBack(peer, cause)
        hangUpOn(line, asBakError(cause))
        return plain(protocol, options)
      }
    }
  }

  /** Bulk connections that stand. */
  get size(): number {
    return this.#lines.size
  }

  /** The one that stands, or a new one; undefined where there can be none now. Never rejects. */
  #line(peer: string): Promise<Connection | undefined> {
    const line = this.#lines.of(peer)
    if (line != null || (this.#resting.get(peer) ?? 0) > performance.now()) return Promise.resolve(line)
    const making = this.#making.get(peer) ?? this.#make(peer).finally(() => this.#making.delete(peer))
    this.#making.set(peer, making)
    return making
  }

  async #make(peer: string): Promise<Connection | undefined> {
    const began = performance.now()
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(MAKING)])
    const ways = this.#ways(peer)
    try {
      const [way] = ways
      if (way == null) return undefined
      const line = way.direction === 'outbound' ? await this.#dial(way, signal) : await this.#call(peer, signal)
      this.#log.debug('bulk connection', { peer, took: Math.round(performance.now() - began) })
      return line
    } catch (cause) {
      this.#fallBack(peer, cause)
      return undefined
    }
  }

  #fallBack(peer: string, cause: unknown): void {
    if (this.#stopped.signal.aborted) return
    this.#resting.delete(peer)
    this.#resting.set(peer, performance.now() + REST)
    if (this.#resting.size > MAX_RESTING) this.#resting.delete(this.#resting.keys().next().value as string)
    const { code, message } = asBakError(cause)
    this.#log.info('no bulk connection', { peer, code, why: message })
  }

  /** Where somebody listens: not to be dialled again is a connection that both sides began. Own dials first. */
  #ways(peer: string): Connection[] {
    const { connectionManager, paths } = this.#components
    return connectionManager
      .getConnections(peerIdFromString(peer))
      .filter(each => each.status === 'open' && !isRelayed(each.remoteAddr) && !paths.isPunched(each))
      .sort((a, b) => Number(a.direction === 'inbound') - Number(b.direction === 'inbound'))
  }

  async #dial(way: Connection, signal: AbortSignal): Promise<Connection> {
    const peer = way.remotePeer.toString()
    const answer = await askOne(this.#components.streams.to(peer), bulkProtocol, { type: 'key' }, { signal })
    if (answer.type !== 'key') throw new BakError('bad-message', `asked for a key, answered ${answer.type}`)
    return this.#knock(way, answer, signal)
  }

  async #call(peer: string, signal: AbortSignal): Promise<Connection> {
    const { id, key, arrived } = this.#keys.issue(peer)
    try {
      await askOne(this.#components.streams.to(peer), bulkProtocol, { type: 'come', id, key }, { signal })
      return await within(arrived.promise, signal)
    } finally {
      this.#keys.take(id)
    }
  }

  async *#answer(request: BulkRequest, { peer, signal }: Exchange<BulkRequest>): AsyncGenerator<BulkResponse> {
    this.#lines.checkRoom(peer)
    if (request.type === 'key') {
      const { id, key } = this.#keys.issue(peer)
      return yield { type: 'key', id, key }
    }
    const way = this.#ways(peer).find(({ direction }) => direction === 'outbound')
    if (way == null) throw new BakError('not-ready', 'this peer dialled no connection to it')
    await this.#knock(way, request, AbortSignal.any([signal, this.#stopped.signal, AbortSignal.timeout(MAKING)]))
    yield { type: 'here' }
  }

  /** Where the first connection was dialled. */
  async #knock(way: Connection, key: { id: string; key: Uint8Array }, signal: AbortSignal): Promise<Connection> {
    const [, host, port] = /^\/(?:ip[46]|dns[46]?)\/([^/]+)\/tcp\/(\d+)/.exec(way.remoteAddr.toString()) ?? []
    if (host == null) throw new BakError('unreachable', `${way.remoteAddr} is not to be dialled again`)
    const plain = await connected(connect({ host, port: Number(port), noDelay: true, keepAlive: true }), signal)
    const socket = await offerTls(plain, key, signal)
    const peer = way.remotePeer.toString()
    return this.#keep(await upgradeQuietly(this.#components, { ...OUT, socket, peer }, signal))
  }

  /** Somebody began a handshake of TLS. Never rejects. */
  async #accept(knock: Knock): Promise<void> {
    const from = originOf(knock.remoteAddr)
    let key: Key | undefined
    try {
      const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(MAKING)])
      const find = (id: string) => {
        if (key?.id !== id) key = this.#keys.take(id)
        return key?.key
      }
      const socket = await acceptTls(knock.socket, find, signal).catch(cause => {
        throw new BakError('not-allowed', whyRefused(key, asBakError(cause)), { cause })
      })
      const { peer, arrived } = key as Key
      this.#lines.checkRoom(peer)
      this.#greeter.letIn(knock)
      arrived.resolve(this.#keep(await upgradeQuietly(this.#components, { ...IN, socket, peer }, signal)))
    } catch (cause) {
      const error = asBakError(cause)
      key?.arrived.reject(error)
      knock.abort()
      if (this.#stopped.signal.aborted) return
      const { code, message: why } = error
      this.#log.refused('bulk connection refused', { from, peer: key?.peer, code, why })
    }
  }

  /** @throws {BakError} `left` where the first connection is gone meanwhile */
  #keep(line: Connection): Connection {
    if (this.#components.connectionManager.getConnections(line.remotePeer).some(({ status }) => status === 'open')) {
      this.#lines.add(line)
      return line
    }
    hangUpOn(line, new BakError('left', 'it is not connected any more'))
    throw new BakError('left', `${line.remotePeer} is not connected any more`)
  }

  /** Who is revoked, cut off or gone has no connection any more. */
  readonly #onGone = ({ detail }: CustomEvent<PeerId>): void =>
    this.#lines.end('the connection that it was made by is gone', detail.toString())
}

const OUT = { direction: 'outbound', protocols: PROTOCOLS } as const
const IN = { direction: 'inbound', protocols: PROTOCOLS } as const

const isBroken = ({ status }: Stream) => status === 'reset' || status === 'aborted'

function whyRefused(key: Key | undefined, { message }: BakError): string {
  if (key == null) return `it came with no key that this peer gave out: ${message}`
  return `it does not hold the key that ${key.peer} was given: ${message}`
}

function connected(socket: Socket, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => {
      socket.destroy()
      reject(new BakError('unreachable', cause.message, { cause }))
    }
    const onAbort = () => fail(asBakError(signal.reason))
    socket.once('error', fail)
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', fail)
      resolve(socket)
    })
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(asBakError(signal.reason))
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}
