/** TLS 1.3 as Node has it, with a key that both sides hold beforehand: no certificates. */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { type ConnectionOptions, connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { asBakError, BakError } from '../../../protocols/errors.ts'

/** The fastest suite where the processor knows AES. */
const CIPHER = 'TLS_AES_128_GCM_SHA256'
/** Bytes that a socket takes before it asks to wait. */
const HIGH_WATER_MARK_BYTES = 256 * 1024
/** Each connection has a key of its own; what it is called tells nothing. */
const KEY_NAME = 'bak'

let context: SecureContext | undefined
const contextOf = () => {
  context ??= createSecureContext({
    minVersion: 'TLSv1.3',
    ciphers: CIPHER,
    // no handshake is resumed by another
    secureOptions: constants.SSL_OP_NO_TICKET
  })
  return context
}

/**
 * The side that was dialled.
 * @param socket is read from its first unread byte on
 * @throws {BakError} `unreachable` if the other side does not hold the key, or what the signal was aborted with
 */
export function acceptTls(socket: Socket, key: Uint8Array, signal: AbortSignal): Promise<TLSSocket> {
  const tls = new TLSSocket(socket, {
    isServer: true,
    secureContext: contextOf(),
    pskCallback: (_socket: TLSSocket, name: string) => (name === KEY_NAME ? key : null),
    highWaterMark: HIGH_WATER_MARK_BYTES
  } as ConstructorParameters<typeof TLSSocket>[1])
  return secured(tls, 'secure', signal)
}

/** The side that dialled. @throws as the other */
export function offerTls(socket: Socket, key: Uint8Array, signal: AbortSignal): Promise<TLSSocket> {
  const tls = connect({
    socket,
    secureContext: contextOf(),
    pskCallback: () => ({ psk: key, identity: KEY_NAME }),
    // there is no certificate: the key is bound to the two peers
    checkServerIdentity: () => undefined,
    highWaterMark: HIGH_WATER_MARK_BYTES
  } as ConnectionOptions)
  return secured(tls, 'secureConnect', signal)
}

function secured(tls: TLSSocket, event: 'secure' | 'secureConnect', signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: Error) => {
      end()
      tls.destroy()
      const why = (cause as NodeJS.ErrnoException | undefined)?.code ?? cause?.message ?? 'the other side hung up'
      reject(new BakError('unreachable', why, { cause }))
    }
    const onAbort = () => {
      end()
      tls.destroy()
      reject(asBakError(signal.reason))
    }
    const onClose = () => fail()
    const onSecure = () => {
      end()
      resolve(tls)
    }
    const end = () => {
      signal.removeEventListener('abort', onAbort)
      tls.off(event, onSecure).off('_tlsError', fail).off('close', onClose)
    }
    // stays: an error after this belongs to the next user of the socket, and may come before that listens
    tls.on('error', fail)
    tls.once(event, onSecure).on('_tlsError', fail).once('close', onClose)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
}
