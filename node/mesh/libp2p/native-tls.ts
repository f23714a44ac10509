/** TLS 1.3 as Node has it, keyed by both sides beforehand: no certificates, and whoever has not the key gets nowhere. */
import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { type ConnectionOptions, connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { asBakError, BakError } from '../../../protocols/errors.ts'

/** The fastest that there is where the processor knows AES. */
const CIPHER = 'TLS_AES_128_GCM_SHA256'
/** What a socket takes before it asks to wait, bytes. */
const WRITE_AHEAD = 256 * 1024

let context: SecureContext | undefined
const contextOf = () => {
  context ??= createSecureContext({
    minVersion: 'TLSv1.3',
    ciphers: CIPHER,
    // each handshake proves the key anew
    secureOptions: constants.SSL_OP_NO_TICKET
  })
  return context
}

/**
 * The side that was dialled.
 * @param find gives the key of a name
 * @throws {BakError} `unreachable` where the other side does not hold the key, or what the signal was aborted with
 */
export function acceptTls(
  socket: Socket,
  find: (id: string) => Buffer | undefined,
  signal: AbortSignal
): Promise<TLSSocket> {
  const tls = new TLSSocket(socket, {
    isServer: true,
    secureContext: contextOf(),
    pskCallback: (_socket: TLSSocket, id: string) => find(id) ?? null,
    highWaterMark: WRITE_AHEAD
  } as ConstructorParameters<typeof TLSSocket>[1])
  return secured(tls, 'secure', signal)
}

/** The side that dialled. @throws as the other */
export function offerTls(
  socket: Socket,
  { id, key }: { id: string; key: Uint8Array },
  signal: AbortSignal
): Promise<TLSSocket> {
  const tls = connect({
    socket,
    secureContext: contextOf(),
    pskCallback: () => ({ psk: key, identity: id }),
    // there is no certificate: the key is bound to the peer that gave it
    checkServerIdentity: () => undefined,
    highWaterMark: WRITE_AHEAD
  } as ConnectionOptions)
  return secured(tls, 'secureConnect', signal)
}

function secured(tls: TLSSocket, event: 'secure' | 'secureConnect', signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: Error) => {
      end()
      tls.destroy()
      const why = (cause as NodeJS.ErrnoException | undefined)?.code ?? cause?.message ?? 'it hung up'
      reject(new BakError('unreachable', `no TLS: ${why}`, { cause }))
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
    // stays: an error after this belongs to whoever has the socket next, and may come before that has it
    tls.on('error', fail)
    tls.once(event, onSecure).on('_tlsError', fail).once('close', onClose)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
}
