/** A connection of libp2p that has a socket of its own, with the private fields that the turn to TLS needs. */
import { Socket } from 'node:net'
import type { AbortOptions, MessageStream } from '@libp2p/interface'
import type { AbstractMessageStream, SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

/** libp2p's TCP connections and our own (`socket-connection.ts`); `private-fields.test.ts` holds libp2p to it. */
export interface SocketOwner extends AbstractMessageStream {
  readonly socket: Socket
  sendClose(options?: AbortOptions): Promise<void>
}

/** One call of the system for all parts of a frame; stops where the socket asks to wait. */
export function writeParts(socket: Socket, parts: Uint8ArrayList): SendResult {
  let sentBytes = 0
  let canSendMore = true
  socket.cork()
  for (const part of parts) {
    sentBytes += part.byteLength
    canSendMore = socket.write(part)
    if (!canSendMore) break
  }
  socket.uncork()
  return { sentBytes, canSendMore }
}

/** @returns undefined for a connection that runs over something else, such as a relay's stream */
export function socketOwner(connection: MessageStream): SocketOwner | undefined {
  const owner = connection as unknown as SocketOwner
  return owner.socket instanceof Socket ? owner : undefined
}
