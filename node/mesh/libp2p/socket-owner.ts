/** A connection of libp2p that has a socket of its own, with the private fields that the turn to TLS needs. */
import type { Socket } from 'node:net'
import { Socket as NetSocket } from 'node:net'
import type { AbortOptions, MessageStream } from '@libp2p/interface'
import type { AbstractMessageStream } from '@libp2p/utils'

/** libp2p's TCP connections and our own (`socket-connection.ts`); `private-fields.test.ts` holds libp2p to it. */
export interface SocketOwner extends AbstractMessageStream {
  readonly socket: Socket
  sendClose(options?: AbortOptions): Promise<void>
}

/** @returns undefined for a connection that runs over something else, such as a relay's stream */
export function socketOwner(connection: MessageStream): SocketOwner | undefined {
  const owner = connection as unknown as SocketOwner
  return owner.socket instanceof NetSocket ? owner : undefined
}
