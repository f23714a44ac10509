/** The services by which peers know, reach and trust each other, in the order in which libp2p makes them. */
import { clockProtocol } from '../protocols/clock.ts'
import { getProtocol } from '../protocols/content.ts'
import { readDuration } from '../protocols/duration.ts'
import { echoProtocol } from '../protocols/echo.ts'
import { jobStreamProtocol } from '../protocols/jobs/job-stream.ts'
import { runStreamProtocol } from '../protocols/run-stream.ts'
import { swarmProtocol } from '../protocols/swarm.ts'
import { tarballProtocol } from '../protocols/tarball.ts'
import { loadStreamProtocol } from '../protocols/tasks/load-stream.ts'
import { tunnelProtocol } from '../protocols/tunnel.ts'
import { answerClock } from './clock/clock.ts'
import type { Config } from './config.ts'
import type { Identity } from './key-file.ts'
import type { Log } from './log.ts'
import { Adjacency } from './mesh/adjacency.ts'
import { Forwarding } from './mesh/forwarding.ts'
import { Gossip } from './mesh/gossip.ts'
import { DirectConnections } from './mesh/holepunch/direct-connections.ts'
import type { LowNoiseMode } from './mesh/idle/low-noise.ts'
import { Traffic } from './mesh/idle/traffic.ts'
import type { EncrypterInit } from './mesh/libp2p/encrypter.ts'
import { Encrypters } from './mesh/libp2p/encrypters.ts'
import { GossipHeartbeat } from './mesh/libp2p/gossip-heartbeat.ts'
import type { ServiceList } from './mesh/libp2p/libp2p.ts'
import type { ConnectionGater } from './mesh/limits/connection-gater.ts'
import type { PeerScore } from './mesh/limits/peer-score.ts'
import { Members, type MembersInit } from './mesh/membership/members.ts'
import { Twins } from './mesh/membership/twins.ts'
import { ConnectionMigration } from './mesh/paths/migration.ts'
import { Paths } from './mesh/paths/paths.ts'
import type { AddressBook } from './mesh/peering/address-book.ts'
import { Dialer } from './mesh/peering/dialer.ts'
import { Mapping } from './mesh/reachability/mapping.ts'
import { Reachability } from './mesh/reachability/own-reachability.ts'
import { RelayOffer } from './mesh/relay/relay-offer.ts'
import { Relays } from './mesh/relay/relays.ts'
import { Streams } from './mesh/streams.ts'
import type { Authority } from './mesh/trust/authority.ts'
import { MembershipEnforcer } from './mesh/trust/membership-enforcer.ts'
import { Renewal } from './mesh/trust/renewal.ts'
import { TrustPublisher } from './mesh/trust/trust-publisher.ts'
import type { MeshFile } from './mesh-file.ts'
import { RunFeed } from './run/run-feed.ts'

/** A service that answers one protocol and does nothing else. */
export interface Serving {
  start(): Promise<void>
}

export type MeshServices = {
  lowNoise: LowNoiseMode
  traffic: Traffic
  authority: Authority
  peerScore: PeerScore
  gater: ConnectionGater
  membershipEnforcer: MembershipEnforcer
  encrypters: Encrypters
  gossipHeartbeat: GossipHeartbeat
  gossip: Gossip
  streams: Streams
  forwarding: Forwarding
  trustPublisher: TrustPublisher
  /** A part of run/, made here because `members` shows the runs of each peer. */
  feed: RunFeed
  members: Members
  twins: Twins
  dialer: Dialer
  renewal: Renewal
  relayOffer: RelayOffer
  relays: Relays
  reachability: Reachability
  mapping: Mapping
  paths: Paths
  adjacency: Adjacency
  directConnections: DirectConnections
  migration: ConnectionMigration
  addressBook: AddressBook
  clock: Serving
}

export interface MeshServicesInit {
  log: Log
  config: Config
  signer: Identity
  mesh: MeshFile
  /** This peer, as it announces itself. */
  self: MembersInit['self']
  lowNoise: LowNoiseMode
  authority: Authority
  peerScore: PeerScore
  gater: ConnectionGater
  addressBook: AddressBook
  encrypterInit: EncrypterInit
  onRelays(relays: Relays): void
  /** No peer is connected, and none that was dialed answers. */
  onAlone(): boolean
}

export function meshServices(init: MeshServicesInit): ServiceList<MeshServices> {
  const { log, config, signer, mesh, lowNoise, authority, peerScore, gater, addressBook, onAlone } = init
  const self = signer.peer
  const onAdmitted = () => {
    mesh.update({ admitted: true }).catch(error => log.error('mesh.json was not written', { why: error.message }))
  }
  // nobody needs to find a revoked peer
  const knownPeers = () => addressBook.peers().filter(({ peer }) => !authority.proofRegistry.revoked.has(peer))
  return {
    lowNoise: () => lowNoise,
    traffic: () => new Traffic(),
    authority: () => authority,
    peerScore: c => peerScore.serve(c),
    gater: c => gater.serve(c),
    membershipEnforcer: c => new MembershipEnforcer(c, { onAdmitted }),
    encrypters: c => new Encrypters(c, init.encrypterInit),
    gossipHeartbeat: c => new GossipHeartbeat(c),
    gossip: c => new Gossip(c, { log, peerScore }),
    streams: c => new Streams(c, { log, peerScore }),
    forwarding: c =>
      new Forwarding(c, {
        log,
        protocols: [
          ...[runStreamProtocol, loadStreamProtocol, jobStreamProtocol, tarballProtocol],
          ...[getProtocol, echoProtocol, swarmProtocol, tunnelProtocol]
        ]
      }),
    trustPublisher: c => new TrustPublisher(c, { log, self }),
    feed: c => new RunFeed(c, { mesh: mesh.mesh, log }),
    members: c =>
      new Members(c, {
        ...{ log, signer, mesh: mesh.mesh, self: init.self, runs: c.feed },
        forgetAfterMs: readDuration(config.forget as string)
      }),
    twins: c => new Twins(c, { log, signer }),
    dialer: c => new Dialer(c, { log, ticketAddresses: mesh.ticketAddresses, knownPeers, onAlone }),
    renewal: c =>
      new Renewal(c, {
        ...{ log, self, lifetime: readDuration(config.membership as string) },
        isHere: peer => c.members.isHere(peer),
        save: proof => mesh.update({ proof })
      }),
    relayOffer: c => new RelayOffer(c, { log, signer, mode: config.relay, limits: config.relay_limits }),
    relays: c => {
      const relays = new Relays(c, { log })
      init.onRelays(relays)
      return relays
    },
    reachability: c => new Reachability(c),
    mapping: c => new Mapping(c, { log, on: config.upnp }),
    paths: c => new Paths(c),
    adjacency: c => new Adjacency(c, { mesh: mesh.mesh }),
    directConnections: c => new DirectConnections(c, { log, on: config.direct }),
    migration: c => new ConnectionMigration(c, { log }),
    addressBook: c => addressBook.serve({ members: c.members, authority, self }),
    clock: c => ({ start: () => c.streams.serve(clockProtocol, answerClock) })
  }
}
