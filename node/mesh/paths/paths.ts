/** The kind of path that each connection is. */
import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { isPrivate } from '@libp2p/utils'
import type { Path, PathClass } from '../../../protocols/path.ts'
import { listen } from '../../listen.ts'
import { Part } from '../../part.ts'
import { pause } from '../../wait.ts'
import type { Members } from '../membership/members.ts'
import { isRelayed, preferred } from '../reachability/addresses.ts'

export interface ConnectionInfo {
  remoteAddr: string
  direction: 'inbound' | 'outbound'
  /** As noted by the part that made the connection. */
  made?: PathClass
  /** Ports that the router of the other peer, or of this one, opened on demand. */
  theirMapped: string[]
  ownMapped: string[]
  /** The remote address is of a private network. */
  isLocal: boolean
}

/** @returns the kind of path of a connection. Pure. */
export function classify({ remoteAddr, direction, made, theirMapped, ownMapped, isLocal }: ConnectionInfo): Path {
  if (isRelayed(remoteAddr)) return { class: 'relayed', via: /\/p2p\/([^/]+)\/p2p-circuit/.exec(remoteAddr)?.[1] }
  if (made === 'punched') return { class: 'punched' }
  const address = withoutPeer(remoteAddr)
  const mapped =
    direction === 'outbound'
      ? theirMapped.some(each => withoutPeer(each) === address)
      : ownMapped.length > 0 && !isLocal
  return { class: mapped ? 'mapped' : (made ?? 'direct') }
}

const withoutPeer = (address: string) => address.replace(/\/p2p\/[^/]+$/, '')

export interface PathsComponents {
  events: Pick<TypedEventTarget<Libp2pEvents>, 'addEventListener'>
  connectionManager: Pick<ConnectionManager, 'getConnections'>
  members: Pick<Members, 'get' | 'self'>
}

export class Paths extends Part<PathsComponents> {
  readonly #made = new WeakMap<Connection, PathClass>()

  /** Notes how a connection was made, where its addresses do not show it. */
  mark(connection: Connection, made: PathClass): void {
    this.#made.set(connection, made)
  }

  /** @returns undefined for a peer that is not connected, and for this one */
  of(peer: string): Path | undefined {
    const connection = this.#connection(peer)
    if (connection == null) return undefined
    const { members } = this.components
    const { remoteAddr, direction } = connection
    return classify({
      remoteAddr: remoteAddr.toString(),
      direction,
      made: this.#made.get(connection),
      theirMapped: members.get(peer)?.mapped ?? [],
      ownMapped: members.self.mapped ?? [],
      isLocal: isPrivate(remoteAddr)
    })
  }

  /** @returns the address of the other end of a direct connection to a peer; undefined without one */
  remoteAddress(peer: string): string | undefined {
    const address = this.#connection(peer)?.remoteAddr.toString()
    return address == null || isRelayed(address) ? undefined : address
  }

  /**
   * Waits for a direct connection to a peer with only a relayed one. Never rejects.
   * @param timeout ms since the relayed connection was opened: a direct one that takes longer is unlikely
   */
  async untilDirect(peer: string, timeout: number, signal: AbortSignal): Promise<void> {
    const relayed = this.#connection(peer)
    if (relayed == null || !isRelayed(relayed.remoteAddr)) return
    const left = relayed.timeline.open + timeout - Date.now()
    if (left <= 0) return
    const found = new AbortController()
    const over = AbortSignal.any([signal, found.signal])
    listen<Libp2pEvents>(this.components.events, over, {
      'connection:open': ({ detail }) => {
        if (detail.remotePeer.toString() === peer && !isRelayed(detail.remoteAddr)) found.abort()
      }
    })
    await pause(left, over)
    found.abort()
  }

  #connection(peer: string): Connection | undefined {
    return preferred(this.components.connectionManager.getConnections(peerIdFromString(peer)))
  }
}
