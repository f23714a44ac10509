/** Makes a direct connection to a peer, by dialling its addresses or by hole punching. */
import type { ComponentLogger, Connection, Upgrader } from '@libp2p/interface'
import type { ConnectionManager, TransportManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { BakError } from '../../../protocols/errors.ts'
import { addressOf, type Endpoint } from '../../../protocols/observe.ts'
import { onAbort } from '../../wait.ts'
import { SocketConnection } from '../libp2p/socket-connection.ts'
import { withPeer } from '../reachability/addresses.ts'
import { randomPorts } from './local-port.ts'
import type { Plan } from './punch-plan.ts'
import { type PortPair, raceConnects } from './race.ts'

/** Ports that a symmetric NAT may assign. */
const NAT_PORT_RANGE = { from: 1024, to: 65_536 }

export interface ConnectComponents {
  logger: ComponentLogger
  connectionManager: Pick<ConnectionManager, 'getConnections'>
  transportManager: Pick<TransportManager, 'dial'>
  upgrader: Pick<Upgrader, 'upgradeInbound' | 'upgradeOutbound'>
}

/**
 * Dials all addresses at once; libp2p would dial one after the other, and join a dial that is going on.
 * @returns the first connection; further ones are closed
 */
export async function dialAny(
  { transportManager }: ConnectComponents,
  peer: string,
  addresses: string[],
  signal: AbortSignal
): Promise<Connection> {
  // aborting the signal of a dial after it has succeeded destroys its socket: each dial has its own, and that of the first is kept
  const dials = new Set<AbortController>()
  const abortAll = () => {
    for (const dial of dials) dial.abort(signal.reason)
  }
  const removeListener = onAbort(signal, abortAll)
  let first: Connection | undefined
  const dial = async (address: string) => {
    const to = multiaddr(withPeer(address, peer))
    const control = new AbortController()
    dials.add(control)
    const connection = await transportManager.dial(to, { signal: control.signal }).finally(() => dials.delete(control))
    if (first != null) connection.close().catch(error => connection.abort(error))
    first ??= connection
    return first
  }
  try {
    signal.throwIfAborted()
    return await Promise.any(addresses.map(dial))
  } catch (cause) {
    const [why] = cause instanceof AggregateError ? cause.errors : [cause]
    throw new BakError('unreachable', (why as Error)?.message ?? 'it has no address that can be dialled', { cause })
  } finally {
    removeListener()
    abortAll()
  }
}

export interface Punch {
  peer: string
  plan: Exclude<Plan, { kind: 'none' }>
  /** The local port that was observed. */
  localPort: number
  leads: boolean
  nonce: Uint8Array
}

/** @throws {BakError} `unreachable`, the signal's reason, or why the upgrade failed */
export async function punch(components: ConnectComponents, init: Punch, signal: AbortSignal): Promise<Connection> {
  const { peer, plan, localPort, leads, nonce } = init
  const socket = await raceConnects({ pairs: portPairs(plan, localPort), leads, nonce }, signal)
  const remote: Endpoint = { host: withoutMapping(socket.remoteAddress), port: socket.remotePort ?? 0 }
  const remoteAddr = multiaddr(withPeer(addressOf(remote), peer))
  const connection = new SocketConnection({
    socket,
    remoteAddr,
    direction: leads ? 'outbound' : 'inbound',
    log: components.logger.forComponent('bak:direct')
  })
  try {
    if (leads) return await components.upgrader.upgradeOutbound(connection, { signal })
    await components.upgrader.upgradeInbound(connection, { signal })
  } catch (error) {
    connection.abort(error as Error)
    throw error
  }
  const upgraded = components.connectionManager
    .getConnections(peerIdFromString(peer))
    .find(each => each.remoteAddr.equals(remoteAddr))
  if (upgraded == null) throw new BakError('unreachable', 'the connection closed at once')
  return upgraded
}

function portPairs(plan: Punch['plan'], localPort: number): PortPair[] {
  const { to } = plan
  if (plan.kind === 'from-many') return randomPorts(plan.count).map(from => ({ from, to }))
  if (plan.kind === 'one') return [{ from: localPort, to }]
  return randomPorts(plan.count, NAT_PORT_RANGE).map(port => ({ from: localPort, to: { host: to.host, port } }))
}

/** An IPv4 address of a socket that listens on IPv6. */
const withoutMapping = (host = '') => host.replace(/^::ffff:/, '')
