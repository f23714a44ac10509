/** The two ways to make a direct connection to a peer: to dial its addresses, and to connect to its outside while it connects to ours. */
import type { ComponentLogger, Connection, Upgrader } from '@libp2p/interface'
import type { ConnectionManager, TransportManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { BakError } from '../../../protocols/errors.ts'
import { addressOf, type Endpoint } from '../../../protocols/observe.ts'
import { SocketConnection } from '../libp2p/socket-connection.ts'
import { randomPorts } from './local-port.ts'
import type { Plan } from './punch-plan.ts'
import { type Attempt, race } from './race.ts'

/** Ports that a router may give to a connection. */
const ROUTER_PORTS = { from: 1024, to: 65_536 }

export interface MakeComponents {
  logger: ComponentLogger
  connectionManager: ConnectionManager
  transportManager: TransportManager
  upgrader: Upgrader
}

/**
 * Dials all addresses at once; libp2p would try one after the other, and join a dial that goes on.
 * @returns the first connection; those that come about besides it are closed
 */
export async function dialAny(
  { transportManager }: MakeComponents,
  peer: string,
  addresses: string[],
  signal: AbortSignal
): Promise<Connection> {
  // a signal that aborts later would destroy the socket of a connection that stands: each has its own, and the winner's is let go
  const dials = new Set<AbortController>()
  const abortAll = () => {
    for (const dial of dials) dial.abort(signal.reason)
  }
  signal.addEventListener('abort', abortAll)
  let first: Connection | undefined
  const dial = async (address: string) => {
    const to = multiaddr(address.endsWith(`/p2p/${peer}`) ? address : `${address}/p2p/${peer}`)
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
    signal.removeEventListener('abort', abortAll)
    abortAll()
  }
}

export interface Punch {
  peer: string
  plan: Exclude<Plan, { kind: 'none' }>
  /** The local port that was observed. */
  local: number
  leads: boolean
  nonce: Uint8Array
}

/** @throws {BakError} `unreachable`, or what else became of it */
export async function punch(components: MakeComponents, init: Punch, signal: AbortSignal): Promise<Connection> {
  const { peer, plan, local, leads, nonce } = init
  const socket = await race({ attempts: attemptsOf(plan, local), leads, nonce }, signal)
  const there: Endpoint = { host: plain(socket.remoteAddress), port: socket.remotePort ?? 0 }
  const remoteAddr = multiaddr(`${addressOf(there)}/p2p/${peer}`)
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
  const made = components.connectionManager
    .getConnections(peerIdFromString(peer))
    .find(each => each.remoteAddr.equals(remoteAddr))
  if (made == null) throw new BakError('unreachable', 'the connection broke at once')
  return made
}

function attemptsOf(plan: Punch['plan'], local: number): Attempt[] {
  const { to } = plan
  if (plan.kind === 'from-many') return randomPorts(plan.count).map(from => ({ from, to }))
  if (plan.kind === 'one') return [{ from: local, to }]
  return randomPorts(plan.count, ROUTER_PORTS).map(port => ({ from: local, to: { host: to.host, port } }))
}

const plain = (host = '') => host.replace(/^::ffff:/, '')
