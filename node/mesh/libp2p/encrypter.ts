/** The encrypter of one generation of the mesh secret, for libp2p: Noise, and then the exchange of proofs. */
import { type NoiseComponents, noise } from '@chainsafe/libp2p-noise'
import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'
import type { Refusal } from '../../../protocols/admission.ts'
import { encrypterId, type MeshSecret, prologue } from '../trust/mesh-secret.ts'
import { type Admission, exchangeProofs, Refused } from '../trust/proof-exchange.ts'
import { writeFramesAtOnce } from './write-coalescing.ts'

/** A connection that did not come about. */
export interface Refusing extends Refusal {
  direction: 'inbound' | 'outbound'
  address: string
  /** Who is at the other end, where the handshake got so far. */
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
      writeFramesAtOnce(connection)
      try {
        const method = direction === 'inbound' ? 'secureInbound' : 'secureOutbound'
        const secured = await inner[method](connection as never, options)
        peer = secured.remotePeer.toString()
        return await exchangeProofs(secured, secret.generation, admission, options)
      } catch (cause) {
        const address = String((connection as { remoteAddr?: unknown }).remoteAddr ?? 'unknown address')
        const refused = cause instanceof Refused ? cause : new Refused(whyBroken(direction, cause as Error), 'us')
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

// Noise XX: with another prologue it is the dialling side that cannot decrypt the second message (stage 1), and hangs up
function whyBroken(direction: Direction, error: Error): Refusal {
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
