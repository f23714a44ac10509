/** Peers of one mesh in this process: real libp2p on loopback, with those of the daemon's services that a test needs. */
import { generateKeyPairSync } from 'node:crypto'
import { type CircuitRelayService, circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { Connection, Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLog } from '../../node/log.ts'
import { Gossip } from '../../node/mesh/gossip.ts'
import { createMeshLibp2p, type NetworkInit } from '../../node/mesh/libp2p/libp2p.ts'
import { holdBack } from '../../node/mesh/libp2p/relay-backpressure.ts'
import { DialRule } from '../../node/mesh/reachability/dial-rule.ts'
import { Streams } from '../../node/mesh/streams.ts'
import { newSecret } from '../../node/mesh/trust/mesh-secret.ts'
import { topicName } from '../../protocols/hello.ts'
import { newSigner } from './streams.ts'
import { until } from './until.ts'

export const silent = createLog('error', () => {})

export interface LocalPeer {
  network: Libp2p
  peer: string
  gossip: Gossip
  streams: Streams
  /** Other services, by the name under which they were given. */
  parts: Record<string, never>
}

export interface LocalMesh {
  /** A topic on which all of them may publish. */
  topic: string
  start(init?: {
    listen?: boolean
    relay?: boolean
    services?: Record<string, (components: never) => unknown>
    /** What the network itself gets beside these. */
    network?: Pick<NetworkInit, 'gater'>
  }): Promise<LocalPeer>
  stop(): Promise<void>
}

/** All networks of tests are on loopback, also where one does not listen. */
const dialRule = new DialRule({ listen: ['/ip4/127.0.0.1/tcp/0'] })

/** A mesh that admits every peer with its secret. */
export function createMesh(): LocalMesh {
  const mesh = newSigner().peer
  const secrets = [newSecret()]
  const networks: Libp2p[] = []
  return {
    topic: topicName(mesh, 'hello'),
    start: async ({ listen = true, relay = false, services = {}, network: more = {} } = {}) => {
      const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
      const key = new Uint8Array(Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]))
      const admission = { ownProofBytes: undefined, judge: () => undefined }
      const address = listen || relay ? ['/ip4/127.0.0.1/tcp/0'] : []
      const network = (await createMeshLibp2p(
        { mesh, secrets, admission, key, listen: address, announce: [], dialRule, onRefused: () => {}, ...more },
        {
          gossip: (c: any) => new Gossip(c, { log: silent }),
          streams: (c: any) => new Streams(c, { log: silent }),
          ...(relay ? { relay: relayServer } : {}),
          ...services
        }
      )) as Libp2p
      networks.push(network)
      await network.start()
      const parts = network.services as never as LocalPeer['parts'] & { gossip: Gossip; streams: Streams }
      return { network, peer: network.peerId.toString(), gossip: parts.gossip, streams: parts.streams, parts }
    },
    stop: async () => {
      await Promise.all(networks.splice(0).map(network => network.stop()))
    }
  }
}

const relayServer = (components: any) =>
  holdBack(circuitRelayServer({ reservations: { applyDefaultLimit: false } })(components))

/** @returns the first address at which a peer listens */
export const addressOf = ({ network }: LocalPeer): Multiaddr => network.getMultiaddrs()[0] as Multiaddr

/**
 * Connects two peers through a third, which must relay; the second gets a reservation there.
 * @param at where the first one dials the relay
 */
export async function connectThrough(
  relay: LocalPeer,
  from: LocalPeer,
  to: LocalPeer,
  at: string = String(addressOf(relay))
): Promise<Connection> {
  await from.network.dial(multiaddr(at))
  await to.network.dial(addressOf(relay))
  // as if it had asked for it
  const server = (relay.parts as never as { relay: CircuitRelayService & { reservationStore: Places } }).relay
  server.reservationStore.reserve(to.network.peerId, addressOf(relay))
  return from.network.dial(multiaddr(`${at}/p2p-circuit/p2p/${to.peer}`))
}

interface Places {
  reserve(peer: unknown, address: Multiaddr): void
}

/** @throws when it has not come true within 15 s */
export async function eventually(what: string, fits: () => boolean): Promise<void> {
  await until(fits, { what, timeout: 15_000 })
}
