/**
 * Makes a libp2p connection out of a socket that is ciphered already, and tells nobody: gossip, identify, membership and the
 * limits on connections go by the connections that libp2p announces, and would take this one for another way to the peer.
 */
import type { TLSSocket } from 'node:tls'
import type { ComponentLogger, Connection, Libp2pEvents, Upgrader } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { ipPortToMultiaddr } from '@libp2p/utils'
import { TypedEventEmitter } from 'main-event'
import { BakError } from '../../../protocols/errors.ts'
import { SocketConnection } from '../direct/socket-connection.ts'

export interface UpgradeComponents {
  logger: ComponentLogger
  upgrader: Upgrader
  registrar: Registrar
}

export interface UpgradeInit {
  socket: TLSSocket
  /** Who is known to be at the other end. */
  peer: string
  direction: 'inbound' | 'outbound'
  /** What may go over it. */
  protocols: string[]
}

/** @throws what libp2p's upgrader throws; the socket is then gone */
export async function upgradeQuietly(
  components: UpgradeComponents,
  { socket, peer, direction, protocols }: UpgradeInit,
  signal: AbortSignal
): Promise<Connection> {
  const events = new TypedEventEmitter<Libp2pEvents>()
  let made: Connection | undefined
  events.addEventListener('connection:open', ({ detail }) => {
    made = detail
  })
  const remotePeer = peerIdFromString(peer)
  const remoteAddr = ipPortToMultiaddr(socket.remoteAddress ?? '', socket.remotePort ?? 0)
  const log = components.logger.forComponent('bak:bulk')
  const connection = new SocketConnection({ socket, remoteAddr, direction, log })
  try {
    const options = { skipEncryption: true, remotePeer, signal } as const
    const upgrader = quiet(components, events, protocols)
    if (direction === 'outbound') await upgrader.upgradeOutbound(connection, options)
    else await upgrader.upgradeInbound(connection, options)
    if (made == null) throw new BakError('bug', 'libp2p made a connection without saying so')
    return made
  } catch (error) {
    connection.abort(error as Error)
    throw error
  }
}

/** @returns libp2p's own upgrader, which announces to these events only; the gate has let the connection in before */
function quiet(
  { upgrader, registrar }: UpgradeComponents,
  events: TypedEventEmitter<Libp2pEvents>,
  protocols: string[]
): Upgrader {
  const { components } = upgrader as unknown as { components: object }
  const few = Object.create(registrar, { getProtocols: { value: () => protocols } })
  const inside = Object.create(components, { registrar: { value: few }, connectionGater: { value: {} } })
  return Object.create(upgrader, { events: { value: events }, components: { value: inside } })
}
