/**
 * The far end of tunnels: connects them with a port of this machine's loopback, and with nothing else. Controllers reach the tools of
 * their own runs, and those ports that the owner names in `allow.forward`.
 */
import { connect, type Socket } from 'node:net'
import { BakError } from '../../protocols/errors.ts'
import type { Exchange } from '../../protocols/stream.ts'
import { isSameTool } from '../../protocols/tool-changes.ts'
import {
  answerTunnel,
  type TunnelRequest,
  type TunnelResponse,
  type TunnelTarget,
  tunnelProtocol
} from '../../protocols/tunnel.ts'
import type { Log } from '../log.ts'
import { checkPermission, type Roles } from '../mesh/permissions.ts'
import type { Streams } from '../mesh/streams.ts'
import { Part } from '../part.ts'
import type { Agent } from './agent.ts'
import type { Allowance } from './allow/allowance.ts'
import { isOver } from './states.ts'

/** Below the streams that one peer may have of a protocol: who has too many gets a reason. */
const MAX_TUNNELS_OF_PEER = 48
const MAX_TUNNELS = 512
/** A port of the same machine answers at once, unless its program takes no more connections. */
const CONNECT_TIMEOUT_MS = 5_000
/** The second where nothing listens on the first. */
const HOSTS = ['127.0.0.1', '::1']

interface Components {
  streams: Pick<Streams, 'serve'>
  authority: Roles
  allowance: Pick<Allowance, 'checkForward'>
  agent: Pick<Agent, 'member'>
}

interface Init {
  log: Log
  /** Peer id of this peer. */
  self: string
  /** A connection on which nothing comes for so long is closed, ms. */
  idle?: number
}

export class MemberTunnels extends Part<Components, Init> {
  readonly #log = this.init.log.with({}, 'tunnels')
  /** Open tunnels by peer. */
  readonly #open = new Map<string, number>()

  async start(): Promise<void> {
    await this.components.streams.serve(tunnelProtocol, (first, exchange) => this.#serve(first, exchange))
  }

  async *#serve(first: TunnelRequest, exchange: Exchange<TunnelRequest>): AsyncGenerator<TunnelResponse> {
    if (first.type !== 'open') throw new BakError('bad-message', 'the first message of a tunnel says where it leads')
    const { peer, receive } = exchange
    const { port, hosts } = await this.#placeOf(first.to, peer)
    if (first.isQuestion) return yield { type: 'open' }
    const release = this.#enter(peer)
    // whom the owner lets reach a port is on record
    if ('port' in first.to) this.#log.info('a port is reached', { from: peer, port })
    try {
      const signal = AbortSignal.any([exchange.signal, this.stopped])
      yield* answerTunnel(await connectTo(hosts, port, signal), { receive, signal }, { idle: this.init.idle })
    } finally {
      release()
    }
  }

  /** @throws {BakError} `not-allowed`, `not-the-controller`, `no-such-run`, `not-ready` */
  async #placeOf(to: TunnelTarget, peer: string): Promise<{ port: number; hosts: string[] }> {
    if (!('port' in to)) return { port: this.#portOf(to, peer), hosts: HOSTS.slice(0, 1) }
    if (peer !== this.init.self) checkPermission(this.components.authority, peer, 'forward')
    await this.components.allowance.checkForward(peer, to.port)
    return { port: to.port, hosts: HOSTS }
  }

  #portOf({ run, group, tool }: Exclude<TunnelTarget, { port: number }>, peer: string): number {
    const member = this.components.agent.member(run)
    if (member == null || isOver(member.state)) throw new BakError('no-such-run', `this peer takes no part in ${run}`)
    if (member.controller !== peer) throw new BakError('not-the-controller', `${run} is a run of another controller`)
    const found = member.persistent.find(({ assignment }) => isSameTool(assignment, { group, tool }))
    const port = found?.running?.port?.()
    if (port == null) throw new BakError('not-ready', `${tool} of the group ${group} listens on no port here`)
    return port
  }

  /** @returns gives the place back @throws {BakError} `busy` */
  #enter(peer: string): () => void {
    const ofPeer = this.#open.get(peer) ?? 0
    const all = [...this.#open.values()].reduce((sum, each) => sum + each, 0)
    if (ofPeer >= MAX_TUNNELS_OF_PEER)
      throw new BakError('busy', `${MAX_TUNNELS_OF_PEER} tunnels of one peer are open here`)
    if (all >= MAX_TUNNELS) throw new BakError('busy', `${MAX_TUNNELS} tunnels are open here`)
    this.#open.set(peer, ofPeer + 1)
    return () => {
      const left = (this.#open.get(peer) ?? 1) - 1
      if (left > 0) this.#open.set(peer, left)
      else this.#open.delete(peer)
    }
  }
}

/** @throws {BakError} `unreachable` if nothing listens there, `timeout` */
async function connectTo([host = '', ...others]: string[], port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true, signal })
  try {
    await connected(socket)
    return socket
  } catch (cause) {
    socket.destroy()
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED' && others.length > 0) return connectTo(others, port, signal)
    if (cause instanceof BakError) throw cause
    const why = code === 'ECONNREFUSED' || code === 'EADDRNOTAVAIL' ? 'nothing listens there' : message
    throw new BakError('unreachable', `port ${port} of this machine: ${why}`, { cause })
  }
}

function connected(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const expire = () => reject(new BakError('timeout', `no connection within ${CONNECT_TIMEOUT_MS / 1000} s`))
  const timer = setTimeout(expire, CONNECT_TIMEOUT_MS).unref()
  socket.once('connect', resolve).once('error', reject)
  return promise.finally(() => clearTimeout(timer))
}
