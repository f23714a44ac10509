/** libp2p as every peer of a mesh runs it: TCP, the mesh's own Noise, yamux, identify, ping, gossip. */

import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { meshGossip } from './gossip.ts'
import { type MeshSecret, meshEncrypter, type Refusal } from './trust.ts'

/** Many peers may share one address: a testnet on loopback, a lab behind one NAT. */
const MAX_CONNECTIONS = 512
/** Silence of a peer is noticed after this and the time for an answer; a busy machine may take some seconds for it, ms. */
const PING = { pingInterval: 10_000, pingTimeout: { minTimeout: 6_000 } }

export interface NetworkInit {
  mesh: string
  secret: MeshSecret
  /** Raw Ed25519 key, 64 bytes. */
  key: Uint8Array
  listen: string[]
  announce: string[]
  onRefused(refusal: Refusal): void
}

export function createNetwork(init: NetworkInit, services: any) {
  return createLibp2p({
    start: false,
    privateKey: privateKeyFromRaw(init.key),
    addresses: { listen: init.listen, announce: init.announce },
    transports: [tcp()],
    connectionEncrypters: [meshEncrypter(init.mesh, init.secret, init.onRefused)],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      maxIncomingPendingConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: 1_000_000,
      // bak dials by itself, and knows whom
      reconnectRetries: 0
    },
    connectionMonitor: PING,
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify(), ping: ping(), pubsub: meshGossip(), ...services }
  } as unknown as Libp2pOptions)
}
