/** The parts of the daemon that handlers of control calls use. */
import type { Libp2p } from '@libp2p/interface'
import type { Agent } from './agent/agent.ts'
import type { Identity } from './key-file.ts'
import type { Log } from './log.ts'
import type { Adjacency } from './mesh/adjacency.ts'
import type { PeerScore } from './mesh/limits/peer-score.ts'
import type { Members } from './mesh/membership/members.ts'
import type { Paths } from './mesh/paths/paths.ts'
import type { Reachability } from './mesh/reachability/own-reachability.ts'
import type { Relays } from './mesh/relay/relays.ts'
import type { Streams } from './mesh/streams.ts'
import type { Authority } from './mesh/trust/authority.ts'
import type { Renewal } from './mesh/trust/renewal.ts'
import type { TrustPublisher } from './mesh/trust/trust-publisher.ts'
import type { MeshFile } from './mesh-file.ts'
import type { Collect } from './run/collect.ts'
import type { Coordinator } from './run/coordinator.ts'
import type { Mover } from './run/mover.ts'
import type { RunFeed } from './run/run-feed.ts'
import type { Home } from './store/home.ts'
import type { Register } from './tools/register.ts'

export interface Parts {
  home: Home
  log: Log
  identity: Identity
  mesh: MeshFile
  started: number
  network: Libp2p
  addresses(): string[]
  authority: Authority
  peerScore: PeerScore
  trustPublisher: TrustPublisher
  renewal: Renewal
  members: Members
  relays: Relays
  reachability: Reachability
  paths: Paths
  adjacency: Adjacency
  streams: Streams
  feed: RunFeed
  agent: Agent
  coordinator: Coordinator
  collect: Collect
  mover: Mover
  register: Register
  onStop(): void
}
