/**
 * Closes connections so that no stream begins on a closed one: one connection in each turn of the event loop. Code that hears of a closed
 * connection may begin a stream on the next. Yamux writes the beginning of a stream in a microtask; if the connection is closed by then it
 * throws where nobody can catch it, and the process would end.
 */
import type { Connection } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import type { BakError } from '../../../protocols/errors.ts'

/** Closes every connection of a peer. */
export function hangUp(manager: Pick<ConnectionManager, 'getConnections'>, peer: string, why: BakError): void {
  const id = peerIdFromString(peer)
  closeNext(() => manager.getConnections(id), why)
}

/** Closes one connection. */
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
