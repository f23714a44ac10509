/** The services of the daemon by stage, and all that handlers of control calls use. */

import type { Libp2p } from '@libp2p/interface'
import type { SettingInForce } from '../protocols/control.ts'
import type { Agent } from './agent/agent.ts'
import type { Allowance } from './agent/allowance.ts'
import type { Leftovers } from './agent/leftovers.ts'
import type { ToolCheck } from './agent/tool-check.ts'
import type { Content } from './artifacts/content.ts'
import type { RunStreamServer } from './channels/run-stream-server.ts'
import type { Clock } from './clock/clock.ts'
import type { Identity } from './key-file.ts'
import type { Log } from './log.ts'
import type { Adjacency } from './mesh/adjacency.ts'
import type { Forwarding } from './mesh/forwarding.ts'
import type { Gossip } from './mesh/gossip.ts'
import type { DirectConnections } from './mesh/holepunch/direct-connections.ts'
import type { LowNoiseMode } from './mesh/idle/low-noise.ts'
import type { Traffic } from './mesh/idle/traffic.ts'
import type { Encrypters } from './mesh/libp2p/encrypters.ts'
import type { GossipHeartbeat } from './mesh/libp2p/gossip-heartbeat.ts'
import type { ConnectionGater } from './mesh/limits/connection-gater.ts'
import type { PeerScore } from './mesh/limits/peer-score.ts'
import type { Members } from './mesh/membership/members.ts'
import type { Twins } from './mesh/membership/twins.ts'
import type { ConnectionMigration } from './mesh/paths/migration.ts'
import type { Paths } from './mesh/paths/paths.ts'
import type { AddressBook } from './mesh/peering/address-book.ts'
import type { Dialer } from './mesh/peering/dialer.ts'
import type { Mapping } from './mesh/reachability/mapping.ts'
import type { Reachability } from './mesh/reachability/own-reachability.ts'
import type { RelayOffer } from './mesh/relay/relay-offer.ts'
import type { Relays } from './mesh/relay/relays.ts'
import type { Streams } from './mesh/streams.ts'
import type { Authority } from './mesh/trust/authority.ts'
import type { MembershipEnforcer } from './mesh/trust/membership-enforcer.ts'
import type { Renewal } from './mesh/trust/renewal.ts'
import type { TrustPublisher } from './mesh/trust/trust-publisher.ts'
import type { MeshFile } from './mesh-file.ts'
import type { CertificateReplicas } from './run/certificate-replicas.ts'
import type { Collect } from './run/collect.ts'
import type { Coordinator } from './run/coordinator.ts'
import type { Echo } from './run/echo.ts'
import type { Mover } from './run/mover.ts'
import type { Receiver } from './run/receiver.ts'
import type { RunFeed } from './run/run-feed.ts'
import type { RunService } from './run/run-service.ts'
import type { Home } from './store/home.ts'
import type { Register } from './tools/register.ts'

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
  clock: Clock
}

export type RunServices = {
  content: Content
  replicas: CertificateReplicas
  echo: Echo
  runStreams: RunStreamServer
  receiver: Receiver
  coordinator: Coordinator
  runService: RunService
  collect: Collect
  mover: Mover
}

export type AgentServices = {
  allowance: Allowance
  agent: Agent
  toolCheck: ToolCheck
  leftovers: Leftovers
  register: Register
}

export type Services = MeshServices & RunServices & AgentServices

export interface Parts extends Services {
  home: Home
  log: Log
  identity: Identity
  mesh: MeshFile
  started: number
  settings: SettingInForce[]
  network: Libp2p
  addresses(): string[]
  onStop(): void
}
