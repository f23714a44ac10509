/** Two sides of a handshake, as libp2p's upgrader would run it: in memory, or over real sockets with somebody between them. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, MultiaddrConnection, SecuredConnection, Upgrader } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { meshEncrypter, type Refusing } from '../../node/mesh/libp2p/encrypter.ts'
import { SocketConnection } from '../../node/mesh/libp2p/socket-connection.ts'
import type { MeshSecret } from '../../node/mesh/trust/mesh-secret.ts'
import type { Admission } from '../../node/mesh/trust/proof-exchange.ts'
import { newSigner } from './streams.ts'

export interface Side {
  peer: string
  encrypter: ConnectionEncrypter
  refusals: Refusing[]
}

export const admitsAll: Admission = { ownProofBytes: undefined, judge: () => undefined }

/** @param calledPeer the peer id that it takes for its own, where that is to be a wrong one */
export function sideOf(mesh: string, secret: MeshSecret, admission = admitsAll, calledPeer?: string): Side {
  const { key } = newSigner()
  const { d, x } = key.export({ format: 'jwk' })
  const raw = Buffer.concat([Buffer.from(d as string, 'base64url'), Buffer.from(x as string, 'base64url')])
  const privateKey = privateKeyFromRaw(raw)
  const own = peerIdFromPrivateKey(privateKey)
  const upgrader = { getStreamMuxers: () => new Map() } as unknown as Upgrader
  const refusals: Refusing[] = []
  const make = meshEncrypter({ mesh, admission, onRefused: refusing => refusals.push(refusing) }, secret)
  const peerId = calledPeer == null ? own : peerIdFromString(calledPeer)
  return {
    peer: own.toString(),
    encrypter: make({ peerId, privateKey, logger: defaultLogger(), upgrader }),
    refusals
  }
}

export interface SocketPair {
  near: SocketConnection
  far: SocketConnection
  sockets: { near: Socket; far: Socket }
  close(): void
}

/** @param between stands between the two, and is given both its sockets */
export async function socketPair(between?: (dialler: Socket, listener: Socket) => void): Promise<SocketPair> {
  const server = await listen()
  const proxy = between && (await listen())
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const socket = connect({ port: portOf(proxy ?? server), host: '127.0.0.1', noDelay: true })
  const toListener = proxy && connect({ port: portOf(server), host: '127.0.0.1', noDelay: true })
  if (proxy != null && toListener != null) {
    const [fromDialler] = (await once(proxy, 'connection')) as [Socket]
    await once(toListener, 'connect')
    between?.(fromDialler, toListener)
  } else await once(socket, 'connect')
  const [far] = await accepted
  const log = defaultLogger().forComponent('test')
  const remoteAddr = multiaddr('/ip4/127.0.0.1/tcp/1')
  return {
    near: new SocketConnection({ socket, remoteAddr, direction: 'outbound', log }),
    far: new SocketConnection({ socket: far, remoteAddr, direction: 'inbound', log }),
    sockets: { near: socket, far },
    close: () => {
      for (const each of [socket, far, toListener]) each?.destroy()
      server.close()
      proxy?.close()
    }
  }
}

async function listen(): Promise<Server> {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

type End = SecuredConnection | Error

/** Both sides at once. @returns what each found, or why it did not */
export async function shakeHands(
  [dialler, near]: [Side, MultiaddrConnection],
  [listener, far]: [Side, MultiaddrConnection],
  { expected = listener.peer, signal = AbortSignal.timeout(20_000) } = {}
): Promise<[End, End]> {
  const found = (end: MultiaddrConnection, work: Promise<SecuredConnection>) =>
    work.catch((error: Error) => {
      // as libp2p's upgrader does
      end.abort(error)
      return error
    })
  return await Promise.all([
    found(near, dialler.encrypter.secureOutbound(near, { signal, remotePeer: peerIdFromString(expected) })),
    found(far, listener.encrypter.secureInbound(far, { signal }))
  ])
}
