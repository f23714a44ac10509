/** libp2p as every peer of a mesh runs it: TCP and relays, the mesh's own Noise and TLS, yamux, identify, ping, AutoNAT, gossip. */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import { type AutoNATv2Components, autoNATv2 } from '@libp2p/autonat-v2'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { ComponentLogger, Libp2p, Libp2pEvents, PeerId, PeerStore, PrivateKey, Upgrader } from '@libp2p/interface'
import type { AddressManager, ConnectionManager, Registrar, TransportManager } from '@libp2p/interface-internal'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { TypedEventTarget } from 'main-event'
import { MAX_STREAM_WINDOW_BYTES } from '../../../protocols/frames.ts'
import { startable } from '../../startable.ts'
import { meshGossip } from '../gossip.ts'
import type { LowNoiseMode } from '../idle/low-noise.ts'
import type { ConnectionGater } from '../limits/connection-gater.ts'
import { MAX_PENDING } from '../limits/constants.ts'
import type { PeerScore } from '../limits/peer-score.ts'
import { isRelayed } from '../reachability/addresses.ts'
import { DialRule } from '../reachability/dial-rule.ts'
import type { MeshSecret } from '../trust/mesh-secret.ts'
import { ConnectionMonitor } from './connection-monitor.ts'
import { type EncrypterInit, meshEncrypter } from './encrypter.ts'
import { limitFrames, MAX_FRAME_BYTES, updateWindowsSeldom } from './yamux-streams.ts'

/** Many peers may share one address: a testnet on loopback, a lab behind one NAT. */
export const MAX_CONNECTIONS = 512
/** Longest dial of one address: one that does not answer must leave time for the peer's next. */
const ADDRESS_TIMEOUT_MS = 4_000
/** Reservations that are asked for at the same time: a silent relay must not keep another waiting. */
const MAX_RESERVATION_REQUESTS = 4
/** Relayed connections of this peer through one relay, in each direction. */
const MAX_RELAYED = 512

/** Bytes of windows. A window of a single frame would be sent, used up and renewed in turn, a round trip each: the first takes several. */
const STREAM_OPTIONS = { initialStreamWindowSize: 4 * MAX_FRAME_BYTES, maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES }

export interface NetworkInit extends EncrypterInit {
  /** Newest first. */
  secrets: MeshSecret[]
  /** Raw Ed25519 key, 64 bytes. */
  key: Uint8Array
  listen: string[]
  announce: string[]
  /** By default the rule of `listen` alone. */
  dialRule?: DialRule
  /** This peer's addresses behind relays, as they are now. */
  behindRelays?(): string[]
  /** Without these no member is limited. */
  peerScore?: PeerScore
  gater?: ConnectionGater
  lowNoise?: LowNoiseMode
}

/** What services here use of libp2p's own components, and of the services that every network has. */
export interface Libp2pComponents {
  peerId: PeerId
  privateKey: PrivateKey
  logger: ComponentLogger
  events: TypedEventTarget<Libp2pEvents>
  addressManager: AddressManager
  peerStore: PeerStore
  upgrader: Upgrader
  registrar: Registrar
  connectionManager: ConnectionManager
  transportManager: TransportManager
  identify: Identify
  monitor: ConnectionMonitor
  /** Its public type lacks the method. */
  pubsub: GossipSub & { getMeshPeers(topic: string): string[] }
}

/** Makes the services `Own`, of which each may use those before it in the list, and all of `Earlier`. */
export type ServiceList<Own, Earlier = unknown> = {
  [Name in keyof Own]: (components: Libp2pComponents & Earlier & Own) => Own[Name]
}

/** Does not start it. libp2p makes the services in the order of the list. */
export function createMeshLibp2p<Services extends Record<string, object>>(
  init: NetworkInit,
  services: ServiceList<Services>
): Promise<Libp2p<Services>> {
  const monitor = new ConnectionMonitor({ lowNoise: init.lowNoise })
  updateWindowsSeldom()
  limitFrames()
  return createLibp2p<Services>({
    start: false,
    privateKey: privateKeyFromRaw(init.key),
    addresses: {
      listen: init.listen,
      announce: init.announce,
      announceFilter: (addresses: Multiaddr[]) => [
        ...addresses,
        ...(init.behindRelays?.() ?? []).map(each => multiaddr(each))
      ]
    },
    transports: [
      ruledTcp(init.dialRule ?? new DialRule(init)),
      circuitRelayTransport({
        reservationConcurrency: MAX_RESERVATION_REQUESTS,
        maxInboundStopStreams: MAX_RELAYED,
        maxOutboundStopStreams: MAX_RELAYED
      })
    ],
    connectionEncrypters: init.secrets.map(secret => meshEncrypter(init, secret)),
    streamMuxers: [monitor.watch(yamux({ enableKeepAlive: false, streamOptions: STREAM_OPTIONS }))],
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      // the gater makes room before it comes to this, and counts by address only who fails
      maxIncomingPendingConnections: 2 * MAX_PENDING,
      inboundConnectionThreshold: 1_000_000,
      addressDialTimeout: ADDRESS_TIMEOUT_MS,
      // the dialer of peering/ dials
      reconnectRetries: 0
    },
    // `monitor` pings less
    connectionMonitor: { enabled: false },
    connectionGater: init.gater?.callbacks ?? { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      monitor: () => monitor,
      autonat: directAutoNAT,
      pubsub: meshGossip({ mesh: init.mesh, peerScore: init.peerScore }),
      ...startables(services)
    }
  } as unknown as Libp2pOptions<Services>)
}

function startables<Services extends Record<string, object>>(services: ServiceList<Services>) {
  const entries: Array<[string, ServiceList<Services>[string]]> = Object.entries(services)
  return Object.fromEntries(
    entries.map(([name, make]) => [name, (c: Parameters<typeof make>[0]) => startable(make(c))])
  )
}

/** AutoNAT would have others dial addresses behind relays, too, which proves nothing. */
function directAutoNAT(components: AutoNATv2Components) {
  const { addressManager } = components
  const direct = Object.create(addressManager, {
    getAddressesWithMetadata: {
      value: () => addressManager.getAddressesWithMetadata().filter(({ multiaddr }) => !isRelayed(multiaddr))
    }
  })
  return autoNATv2()(Object.create(components, { addressManager: { value: direct } }))
}

/** The transport of TCP, which dials only what the rule allows, whichever part of libp2p or of the mesh asks. */
function ruledTcp(rule: DialRule): ReturnType<typeof tcp> {
  const make = tcp({ dialOpts: { lookup: rule.lookup } as object })
  return components => {
    const transport = make(components)
    const takes = transport.dialFilter.bind(transport)
    transport.dialFilter = addresses => takes(addresses).filter(address => rule.allows(address))
    return transport
  }
}
