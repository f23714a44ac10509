/**
 * The encrypter of one generation of the mesh secret, for libp2p: Noise, then the exchange of proofs, then TLS on the same socket. A
 * connection without a socket of its own, which is a relayed one, stays on Noise.
 */
import { randomBytes } from 'node:crypto'
import { type NoiseComponents, noise } from '@chainsafe/libp2p-noise'
import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'
import { HALF_BYTES, type Refusal } from '../../../protocols/admission.ts'
import { BakError } from '../../../protocols/errors.ts'
import { encrypterId, type MeshSecret, prologue } from '../trust/mesh-secret.ts'
import { type Admission, exchangeProofs, Refused } from '../trust/proof-exchange.ts'
import { FrameGate } from './frame-gate.ts'
import { FRAMES_BEFORE_TURN, turnIntoTls, turnKey } from './native.ts'
import { socketOwner } from './socket-owner.ts'

/** Longest time for TLS's handshake once both sides have their key, ms. */
const TURN_TIMEOUT_MS = 5_000

/** A connection that did not come about. */
export interface Refusing extends Refusal {
  direction: 'inbound' | 'outbound'
  address: string
  /** The peer at the other end, if the handshake got that far. */
  peer?: string
  by: 'us' | 'them'
}

export interface EncrypterInit {
  mesh: string
  admission: Admission
  onRefused(refusing: Refusing): void
}

type Direction = Refusing['direction']

export function meshEncrypter(init: EncrypterInit, secret: MeshSecret) {
  const { mesh, admission, onRefused } = init
  const prologueBytes = prologue(mesh, secret)
  return (components: NoiseComponents): ConnectionEncrypter => {
    const inner = noise({ prologueBytes })(components) as ConnectionEncrypter
    const secure = async (
      direction: Direction,
      connection: MessageStream,
      options?: SecureConnectionOptions
    ): Promise<SecuredConnection> => {
      let peer: string | undefined
      try {
        const owner = socketOwner(connection)
        if (owner != null) new FrameGate(owner, FRAMES_BEFORE_TURN[direction])
        const method = direction === 'inbound' ? 'secureInbound' : 'secureOutbound'
        const secured = await inner[method](connection as never, options)
        peer = secured.remotePeer.toString()
        const half = owner && randomBytes(HALF_BYTES)
        const { half: theirHalf, ...admitted } = await exchangeProofs(secured, secret.generation, admission, {
          ...options,
          half
        })
        if (owner == null || half == null || theirHalf == null) return admitted
        const [own, other] = [
          { peer: components.peerId.toString(), half },
          { peer, half: theirHalf }
        ]
        const key = direction === 'inbound' ? turnKey(other, own) : turnKey(own, other)
        const limits = [options?.signal, AbortSignal.timeout(TURN_TIMEOUT_MS)].filter(each => each != null)
        const turn = { direction, key, signal: AbortSignal.any(limits) }
        return { ...admitted, connection: await turnIntoTls(owner, turn).catch(noTls) }
      } catch (cause) {
        const address = String((connection as { remoteAddr?: unknown }).remoteAddr ?? 'unknown address')
        const refused =
          cause instanceof Refused ? cause : new Refused(whyBroken(direction, cause as Error), 'us', { cause })
        onRefused({ ...refused.refusal, by: refused.by, direction, address, peer })
        throw refused
      }
    }
    return {
      protocol: encrypterId(secret),
      secureInbound: (connection: MessageStream, options?: SecureConnectionOptions) =>
        secure('inbound', connection, options),
      secureOutbound: (connection: MessageStream, options?: SecureConnectionOptions) =>
        secure('outbound', connection, options)
    } as ConnectionEncrypter
  }
}

/** @throws {Refused} */
function noTls(cause: BakError): never {
  const isSlow = cause.code === 'timeout' || cause.code === 'interrupted'
  const reason = isSlow ? 'TLS did not come about in time' : `TLS did not come about: ${cause.message}`
  throw new Refused({ code: 'no-tls', reason }, 'us', { cause })
}

// Noise XX: with another prologue it is the dialling side that cannot decrypt the second message (stage 1), and hangs up
function whyBroken(direction: Direction, error: Error): Refusal {
  if (error instanceof BakError) return { code: 'no-tls', reason: error.message }
  if (error.name === 'UnexpectedPeerError') {
    return { code: 'other-peer', reason: `another peer answers at this address: ${error.message}` }
  }
  if (error.name === 'TimeoutError' || error.name === 'AbortError') {
    return { code: 'too-slow', reason: 'the handshake took too long' }
  }
  if (direction === 'inbound') {
    return {
      code: 'gone',
      reason: 'it did not finish the handshake: it does not hold the secret of this mesh, or went away'
    }
  }
  return {
    code: /^handshake stage 1 /.test(error.message) ? 'wrong-secret' : 'gone',
    reason: 'the peer there does not hold the same mesh secret (a ticket of another mesh, or of an older secret?)'
  }
}
