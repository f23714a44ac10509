import type { Connection } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import type { BakError } from '../../../protocols/errors.ts'

/**
 * Closes every connection of a peer, one in each turn of the event loop. Who hears that one is closed may begin a stream on the
 * next; yamux writes the beginning of a stream in a microtask, and what that finds closed nobody can catch: the daemon would end.
 */
export function hangUp(manager: Pick<ConnectionManager, 'getConnections'>, peer: string, why: BakError): void {
  const id = peerIdFromString(peer)
  closeNext(() => manager.getConnections(id), why)
}

/** Closes one connection, as safely. */
export function hangUpOn(connection: Connection, why: BakError): void {
  setImmediate(() => connection.abort(why))
}

function closeNext(connections: () => Connection[], why: BakError): void {
  setImmediate(() => {
    const next = connections().find(({ status }) => status === 'open')
    if (next == null) return
    next.abort(why)
    closeNext(connections, why)
  })
}
