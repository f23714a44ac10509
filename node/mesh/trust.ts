/**
 * What makes a mesh private. The mesh id is its founder's peer id. All connections are Noise with the mesh secret in the
 * prologue, under an encrypter id that bears the number of the secret's generation, so that a peer without the secret cannot
 * finish the handshake, and a rotation is two encrypters side by side.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type NoiseComponents, noise } from '@chainsafe/libp2p-noise'
import type { ConnectionEncrypter, MessageStream, SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'
import { BakError } from '../../protocols/errors.ts'

export interface MeshSecret {
  generation: number
  /** 32 random bytes. */
  value: Uint8Array
}

export interface Refusal {
  direction: 'inbound' | 'outbound'
  address: string
  reason: string
}

export function newSecret(): MeshSecret {
  return { generation: 1, value: new Uint8Array(randomBytes(32)) }
}

/** One generation's encrypter, for libp2p's `connectionEncrypters`. Each failed handshake is reported by name. */
export function meshEncrypter(mesh: string, secret: MeshSecret, onRefused: (refusal: Refusal) => void) {
  const prologueBytes = prologue(mesh, secret)
  return (components: NoiseComponents): ConnectionEncrypter => {
    const inner = noise({ prologueBytes })(components) as ConnectionEncrypter
    const secure = async (
      direction: 'inbound' | 'outbound',
      connection: MessageStream,
      options?: SecureConnectionOptions
    ): Promise<SecuredConnection> => {
      try {
        return await inner[direction === 'inbound' ? 'secureInbound' : 'secureOutbound'](connection as never, options)
      } catch (cause) {
        const address = String((connection as { remoteAddr?: unknown }).remoteAddr ?? 'unknown address')
        const reason = whyRefused(direction, cause as Error)
        onRefused({ direction, address, reason })
        throw new BakError('not-allowed', reason, { cause })
      }
    }
    return {
      protocol: `/bak/noise/${secret.generation}`,
      secureInbound: (connection: MessageStream, options?: SecureConnectionOptions) =>
        secure('inbound', connection, options),
      secureOutbound: (connection: MessageStream, options?: SecureConnectionOptions) =>
        secure('outbound', connection, options)
    } as ConnectionEncrypter
  }
}

function prologue(mesh: string, secret: MeshSecret): Uint8Array {
  return createHash('sha256').update(`bak mesh ${mesh} ${secret.generation}\0`).update(secret.value).digest()
}

// Noise XX: with another prologue it is the dialling side that cannot decrypt the second message, and hangs up
function whyRefused(direction: 'inbound' | 'outbound', error: Error): string {
  if (error.name === 'UnexpectedPeerError') return `another peer answers at this address: ${error.message}`
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'the handshake took too long'
  return direction === 'inbound'
    ? 'it did not finish the handshake: it does not hold the secret of this mesh, or went away'
    : 'the peer there does not hold the same mesh secret (a ticket of another mesh, or of an older secret?)'
}
