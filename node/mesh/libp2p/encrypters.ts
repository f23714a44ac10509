/** Gives libp2p an encrypter for each secret of the mesh, again when the secrets change. */
import type { NoiseComponents } from '@chainsafe/libp2p-noise'
import type { ConnectionEncrypter, Upgrader } from '@libp2p/interface'
import { listen } from '../../listen.ts'
import { Part } from '../../part.ts'
import type { Authority, AuthorityEvents } from '../trust/authority.ts'
import { type EncrypterInit, meshEncrypter } from './encrypter.ts'

export interface EncryptersComponents extends Omit<NoiseComponents, 'upgrader'> {
  authority: Authority
  upgrader: Upgrader
}

export class Encrypters extends Part<EncryptersComponents, EncrypterInit> {
  start(): void {
    listen<AuthorityEvents>(this.components.authority, this.stopped, { rotated: () => this.#onRotated() })
  }

  #onRotated(): void {
    const { authority, upgrader } = this.components
    setEncrypters(
      upgrader,
      authority.secrets.map(secret => meshEncrypter(this.init, secret)(this.components))
    )
  }
}

/**
 * Replaces the encrypters of new connections, the preferred one first. libp2p can be given encrypters only when it is made; but it looks them
 * up in this map at every handshake.
 */
export function setEncrypters(
  upgrader: Pick<Upgrader, 'getConnectionEncrypters'>,
  encrypters: ConnectionEncrypter[]
): void {
  const offered = upgrader.getConnectionEncrypters() as Map<string, ConnectionEncrypter>
  offered.clear()
  for (const encrypter of encrypters) offered.set(encrypter.protocol, encrypter)
}
