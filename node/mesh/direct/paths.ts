/** What kind of path each connection is, and which of several to one peer is to be used. */
import type { Connection } from '@libp2p/interface'
import { isPrivate } from '@libp2p/utils'
import type { Path, PathClass } from '../../../protocols/path.ts'
import { isRelayed } from '../reach/addresses.ts'

/** What is known of one connection. */
export interface Facts {
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
export function classify({ remoteAddr, direction, made, theirMapped, ownMapped, near }: Facts): Path {
  if (isRelayed(remoteAddr)) return { class: 'relayed', via: /\/p2p\/([^/]+)\/p2p-circuit/.exec(remoteAddr)?.[1] }
  if (made === 'punched') return { class: 'punched' }
  const address = withoutPeer(remoteAddr)
  const mapped =
    direction === 'outbound' ? theirMapped.some(each => withoutPeer(each) === address) : ownMapped.length > 0 && !near
  return { class: mapped ? 'mapped' : (made ?? 'direct') }
}

const withoutPeer = (address: string) => address.replace(/\/p2p\/[^/]+$/, '')

/** @returns the open connection to use: one that leads through nobody else, if there is one */
export function preferred(connections: Connection[]): Connection | undefined {
  const open = connections.filter(({ status }) => status === 'open')
  return open.find(({ remoteAddr }) => !isRelayed(remoteAddr)) ?? open[0]
}

export class Paths {
  readonly #made = new WeakMap<Connection, PathClass>()

  /** Notes how a connection came about, where its addresses do not tell. */
  mark(connection: Connection, made: PathClass): void {
    this.#made.set(connection, made)
  }

  of(connection: Connection, theirMapped: string[], ownMapped: string[]): Path {
    const { remoteAddr, direction } = connection
    return classify({
      remoteAddr: remoteAddr.toString(),
      direction,
      made: this.#made.get(connection),
      theirMapped,
      ownMapped,
      near: isPrivate(remoteAddr)
    })
  }
}
