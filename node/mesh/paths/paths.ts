/** What kind of path each connection is, and which of several to one peer is to be used. */
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { isPrivate } from '@libp2p/utils'
import type { Path, PathClass } from '../../../protocols/path.ts'
import type { Members } from '../membership/members.ts'
import { isRelayed, preferred } from '../reachability/addresses.ts'

/** What is known of one connection. */
export interface TrustLog {
  remoteAddr: string
  direction: 'inbound' | 'outbound'
  /** Said by who made it. */
  made?: PathClass
  /** Ports that the router of the other, or of this peer, opened on demand. */
  theirMapped: string[]
  ownMapped: string[]
  /** The other's address is of a private network. */
  near: boolean
}

/** @returns what kind of path it is. Pure. */
export function classify({ remoteAddr, direction, made, theirMapped, ownMapped, near }: TrustLog): Path {
  if (isRelayed(remoteAddr)) return { class: 'relayed', via: /\/p2p\/([^/]+)\/p2p-circuit/.exec(remoteAddr)?.[1] }
  if (made === 'punched') return { class: 'punched' }
  const address = withoutPeer(remoteAddr)
  const mapped =
    direction === 'outbound' ? theirMapped.some(each => withoutPeer(each) === address) : ownMapped.length > 0 && !near
  return { class: mapped ? 'mapped' : (made ?? 'direct') }
}

const withoutPeer = (address: string) => address.replace(/\/p2p\/[^/]+$/, '')

export interface PathsComponents {
  events: TypedEventTarget<Libp2pEvents>
  connectionManager: ConnectionManager
  members: Members
}

/** How peers are reached just now. */
export class Paths {
  readonly #components: PathsComponents
  readonly #made = new WeakMap<Connection, PathClass>()

  constructor(components: PathsComponents) {
    this.#components = components
  }

  /** Notes how a connection came about, where its addresses do not tell. */
  mark(connection: Connection, made: PathClass): void {
    this.#made.set(connection, made)
  }

  /** @returns whether it came about by both sides' connecting: nobody listens where it leads to */
  isPunched(connection: Connection): boolean {
    return this.#made.get(connection) === 'punched'
  }

  /** @returns undefined where a peer is not connected, or is this one */
  of(peer: string): Path | undefined {
    const connection = this.#connection(peer)
    if (connection == null) return undefined
    const { members } = this.#components
    const { remoteAddr, direction } = connection
    return classify({
      remoteAddr: remoteAddr.toString(),
      direction,
      made: this.#made.get(connection),
      theirMapped: members.get(peer)?.mapped ?? [],
      ownMapped: members.self.mapped ?? [],
      near: isPrivate(remoteAddr)
    })
  }

  /**
   * Waits for a direct connection where there is only a relayed one.
   * @param patience ms from when that opened: later nothing better comes of it soon
   */
  async untilDirect(peer: string, patience: number, signal: AbortSignal): Promise<void> {
    const relayed = this.#connection(peer)
    if (relayed == null || !isRelayed(relayed.remoteAddr)) return
    const left = relayed.timeline.open + patience - Date.now()
    if (left <= 0 || signal.aborted) return
    const { events } = this.#components
    const over = Promise.withResolvers<void>()
    const onOpen = ({ detail }: CustomEvent<Connection>) => {
      if (detail.remotePeer.toString() === peer && !isRelayed(detail.remoteAddr)) over.resolve()
    }
    const timer = setTimeout(over.resolve, left)
    const onAbort = () => over.resolve()
    events.addEventListener('connection:open', onOpen)
    signal.addEventListener('abort', onAbort)
    await over.promise
    clearTimeout(timer)
    events.removeEventListener('connection:open', onOpen)
    signal.removeEventListener('abort', onAbort)
  }

  #connection(peer: string): Connection | undefined {
    return preferred(this.#components.connectionManager.getConnections(peerIdFromString(peer)))
  }
}
