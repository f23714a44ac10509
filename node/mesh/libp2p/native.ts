/**
 * Turns a connection from Noise to Node's own TLS 1.3 on the same socket, which is more than twice as fast. Noise has shown who is at
 * the other end, and under it both sides have shown their proofs and given half of a key (`../trust/proof-exchange.ts`). The side that
 * dialled sends TLS's hello right behind its last frame of Noise; the other side has kept that apart by `FrameGate`.
 */
import { hkdfSync } from 'node:crypto'
import { promisify } from 'node:util'
import type { MessageStream } from '@libp2p/interface'
import { acceptTls, offerTls } from './native-tls.ts'
import type { SocketOwner } from './socket-owner.ts'
import { TlsStream } from './tls-stream.ts'

/** Frames of Noise that a side reads before the turn: those of the handshake, then proof and verdict. */
export const FRAMES_BEFORE_TURN = { inbound: 4, outbound: 3 }
export const KEY_BYTES = 32
/** Names what the key is for, and the version of the turn. */
const CONTEXT = 'bak noise to tls 1'

/** What one side gives to the key. */
export interface KeyShare {
  peer: string
  half: Uint8Array
}

/** @returns the key of one connection, bound to both halves, to who gave which, and to who dialled */
export function turnKey(dialler: KeyShare, listener: KeyShare): Buffer {
  const halves = Buffer.concat([dialler.half, listener.half])
  const info = [CONTEXT, dialler.peer, listener.peer].join('\0')
  return Buffer.from(hkdfSync('sha256', halves, '', info, KEY_BYTES))
}

export interface Turn {
  direction: 'inbound' | 'outbound'
  key: Buffer
  /** Ends the attempt. */
  signal: AbortSignal
}

/**
 * @param owner has sent and received the last frame of Noise, and its socket is paused
 * @returns what takes the place of Noise
 * @throws {BakError} `unreachable` if the other side does not hold the key or goes away, or what the signal was aborted with; the
 * socket is destroyed then
 */
export async function turnIntoTls(owner: SocketOwner, { direction, key, signal }: Turn): Promise<MessageStream> {
  const { socket } = owner
  try {
    // TLS writes past the socket's own queue: what is still in that would come too late
    const write = promisify((empty: Uint8Array, done: (error?: Error | null) => void) => socket.write(empty, done))
    await write(new Uint8Array())
    const tls = await (direction === 'inbound' ? acceptTls(socket, key, signal) : offerTls(socket, key, signal))
    return new TlsStream(tls, owner)
  } catch (error) {
    socket.destroy()
    throw error
  }
}
