import type { ConnectionEncrypter, Upgrader } from '@libp2p/interface'

/**
 * Makes the encrypters that libp2p offers and answers be these, the first preferred, without touching a connection that stands.
 * libp2p sets them at its making only; but it looks them up in this map at every handshake.
 */
export function setEncrypters(
  upgrader: Pick<Upgrader, 'getConnectionEncrypters'>,
  encrypters: ConnectionEncrypter[]
): void {
  const offered = upgrader.getConnectionEncrypters() as Map<string, ConnectionEncrypter>
  offered.clear()
  for (const encrypter of encrypters) offered.set(encrypter.protocol, encrypter)
}
