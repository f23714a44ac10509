/** Makes bulk connections, from both ends; `protocols/bulk.ts` has what is said, and who dials. */
import type { Socket } from 'node:net'
import type { Connection, PeerId } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import {
  type BulkRequest,
  type BulkResponse,
  bulkProtocol,
  punchAgainProtocol,
  type Use
} from '../../../protocols/bulk.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { runStreamProtocol as acksProtocol } from '../../../protocols/run-stream.ts'
import { askOne, type Exchange } from '../../../protocols/stream.ts'
import { tarballProtocol } from '../../../protocols/tarball.ts'
import { Wire } from '../../../protocols/wire.ts'
import type { Log } from '../../log.ts'
import { acceptTls, offerTls } from '../libp2p/native-tls.ts'
import type { Paths } from '../paths/paths.ts'
import { isRelayed } from '../reachability/addresses.ts'
import { Again, type AgainComponents } from './again.ts'
import type { Arrival, Greeter } from './greeter.ts'
import { type Key, Keys } from './keys.ts'
import type { Line, Lines } from './lines.ts'
import { redial, within } from './wait.ts'

/** What goes over one that was made for it. */
export const USES = { tarball: tarballProtocol, acks: acksProtocol }
/** Longest time to make one, ms. */
const MAKING = 7_000

export interface MakerComponents extends AgainComponents {
  peerId: PeerId
  connectionManager: ConnectionManager
  paths: Pick<Paths, 'isPunched'>
}

export interface MakerInit {
  log: Log
  greeter: Greeter
  /** Where those that are made are kept. */
  lines: Lines
}

export class Maker {
  readonly #components: MakerComponents
  readonly #init: MakerInit
  readonly #self: string
  readonly #again: Again
  readonly #keys = new Keys()
  readonly #stopped = new AbortController()

  constructor(components: MakerComponents, init: MakerInit) {
    this.#components = components
    this.#init = init
    this.#self = components.peerId.toString()
    this.#again = new Again(components)
  }

  async start(): Promise<void> {
    const { streams } = this.#components
    await streams.serve(bulkProtocol, (request, exchange) => this.#answer(request, exchange))
    await streams.serve(punchAgainProtocol, (first, exchange) =>
      this.#again.follow(first, exchange, socket => void this.#accept(punched(socket)))
    )
    this.#init.greeter.onTls = arrival => this.#accept(arrival)
  }

  end(why: BakError): void {
    this.#stopped.abort(why)
  }

  async stop(): Promise<void> {
    await this.#components.streams.unserve(bulkProtocol)
    await this.#components.streams.unserve(punchAgainProtocol)
  }

  get isOver(): boolean {
    return this.#stopped.signal.aborted
  }

  /** Direct connections with a peer, the best to have a second one of first: where somebody listens, and this peer dialled. */
  ways(peer: string): Connection[] {
    const rank = (way: Connection) => 2 * Number(this.#components.paths.isPunched(way)) + Number(!this.#dials(way))
    return this.#components.connectionManager
      .getConnections(peerIdFromString(peer))
      .filter(({ status, remoteAddr }) => status === 'open' && !isRelayed(remoteAddr))
      .sort((a, b) => rank(a) - rank(b))
  }

  /** Makes a first connection where there is none. Never rejects: who needs it finds out. */
  async reach(peer: string, given?: AbortSignal): Promise<void> {
    const { connectionManager } = this.#components
    const id = peerIdFromString(peer)
    if (connectionManager.getConnections(id).length > 0) return
    const signal = AbortSignal.any([this.#limited(), ...(given == null ? [] : [given])])
    await connectionManager.openConnection(id, { signal }).catch(() => {})
  }

  /** @throws {BakError} why there is none */
  async make(way: Connection, use: Use): Promise<Line> {
    const peer = way.remotePeer.toString()
    const signal = this.#limited()
    return this.#dials(way) ? this.#dial(way, peer, use, signal) : this.#call(peer, use, signal)
  }

  /** Whether it is this peer that dials the second. */
  #dials(way: Connection): boolean {
    if (this.#components.paths.isPunched(way)) return this.#self < way.remotePeer.toString()
    return way.direction === 'outbound'
  }

  async #dial(way: Connection, peer: string, use: Use, signal: AbortSignal): Promise<Line> {
    const answer = await askOne(this.#components.streams.to(peer), bulkProtocol, { type: 'key', use }, { signal })
    if (answer.type !== 'key') throw new BakError('bad-message', `asked for a key, answered ${answer.type}`)
    return this.#knock(way, { ...answer, calls: true, use }, signal)
  }

  async #call(peer: string, use: Use, signal: AbortSignal): Promise<Line> {
    const { id, key, arrived } = this.#keys.issue(peer, true, use)
    try {
      await askOne(this.#components.streams.to(peer), bulkProtocol, { type: 'come', use, id, key }, { signal })
      return await within(arrived.promise, signal)
    } finally {
      this.#keys.take(id)
    }
  }

  async *#answer(request: BulkRequest, { peer, signal }: Exchange<BulkRequest>): AsyncGenerator<BulkResponse> {
    this.#init.lines.checkRoom(peer, false, request.use)
    if (request.type === 'key') {
      const { id, key } = this.#keys.issue(peer, false, request.use)
      return yield { type: 'key', id, key }
    }
    const way = this.ways(peer).find(each => this.#dials(each))
    if (way == null) throw new BakError('not-ready', 'this peer dialled no connection to it')
    await this.#knock(way, { ...request, calls: false }, AbortSignal.any([signal, this.#limited()]))
    yield { type: 'here' }
  }

  /** Comes the way that the first connection came about. */
  async #knock(
    way: Connection,
    key: Pick<Key, 'id' | 'calls' | 'use'> & { key: Uint8Array },
    signal: AbortSignal
  ): Promise<Line> {
    const peer = way.remotePeer.toString()
    const again = this.#components.paths.isPunched(way)
    const plain = again ? await this.#again.lead(peer, signal) : await redial(way.remoteAddr, signal)
    const socket = await offerTls(plain, key, signal)
    return this.#keep({ peer, calls: key.calls, use: key.use, wire: new Wire(socket) })
  }

  /** Never rejects. */
  async #accept(arrival: Arrival): Promise<void> {
    const signal = this.#limited()
    let key: Key | undefined
    const find = (id: string) => {
      if (key?.id !== id) key = this.#keys.take(id)
      return key?.key
    }
    try {
      const socket = await acceptTls(arrival.socket, find, signal).catch(cause => {
        throw new BakError('not-allowed', whyRefused(key, asBakError(cause)), { cause })
      })
      const { peer, calls, use, arrived } = key as Key
      this.#init.lines.checkRoom(peer, calls, use)
      arrival.letIn()
      arrived.resolve(this.#keep({ peer, calls, use, wire: new Wire(socket) }))
    } catch (cause) {
      const error = asBakError(cause)
      key?.arrived.reject(error)
      arrival.abort()
      if (this.isOver) return
      const { code, message: why } = error
      this.#init.log.refused('bulk connection refused', { from: arrival.from, peer: key?.peer, code, why })
    }
  }

  /** @throws {BakError} `left` where the first connection is gone meanwhile */
  #keep(line: Line): Line {
    const { peer, wire, calls, use } = line
    const first = this.#components.connectionManager.getConnections(peerIdFromString(peer))
    if (!first.some(({ status }) => status === 'open')) {
      wire.destroy()
      throw new BakError('left', `${peer} is not connected any more`)
    }
    this.#init.lines.add(line)
    if (!calls) void this.#components.streams.serveWire(USES[use] as never, wire, peer)
    return line
  }

  #limited(): AbortSignal {
    return AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(MAKING)])
  }
}

/** Both sides agreed to connect: there was no gate. */
const punched = (socket: Socket): Arrival => ({
  socket,
  from: socket.remoteAddress ?? '',
  letIn: () => {},
  abort: () => socket.destroy()
})

function whyRefused(key: Key | undefined, { message }: BakError): string {
  if (key == null) return `it came with no key that this peer gave out: ${message}`
  return `it does not hold the key that ${key.peer} was given: ${message}`
}
