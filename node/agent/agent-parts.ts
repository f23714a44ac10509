/** What the member's side of runs uses of the daemon. */
import type { Signer } from '../../protocols/envelope.ts'
import type { Content } from '../artifacts/content.ts'
import type { Swarms } from '../artifacts/swarm/swarms.ts'
import type { RunStreamServer } from '../channels/run-stream-server.ts'
import type { Log } from '../log.ts'
import type { LowNoiseMode } from '../mesh/idle/low-noise.ts'
import type { Traffic } from '../mesh/idle/traffic.ts'
import type { Members } from '../mesh/membership/members.ts'
import type { Paths } from '../mesh/paths/paths.ts'
import type { Streams } from '../mesh/streams.ts'
import type { Authority } from '../mesh/trust/authority.ts'
import type { Guards } from '../processes/guards.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import type { RunFeed } from '../run/run-feed.ts'
import type { Home } from '../store/home.ts'
import type { Catalogue } from '../tools/catalogue.ts'
import type { JobService } from '../work/jobs/job-service.ts'
import type { WorkloadContexts } from '../work/workload-context.ts'
import type { Allowance } from './allow/allowance.ts'
import type { OwnerHooks } from './owner-hooks/owner-hooks.ts'
import type { PhaseParts } from './phases/phase.ts'

export interface AgentComponents {
  feed: RunFeed
  members: Members
  streams: Streams
  paths: Paths
  content: Content
  swarms: Swarms
  allowance: Allowance
  authority: Authority
  lowNoise: LowNoiseMode
  traffic: Traffic
  runStreams: RunStreamServer
  jobService: JobService
}

export interface AgentInit extends Pick<PhaseParts, 'gauges'> {
  log: Log
  home: Home
  signer: Signer
  supervisor: Supervisor
  guards: Pick<Guards, 'sockets'>
  catalogue: Catalogue
  /** Programs of the owner of this machine. */
  hooks: Pick<OwnerHooks, 'until'>
  /** What callers on this machine gave to the workloads of their runs. */
  workloads: WorkloadContexts
  /** A run that this peer took part in is over, and nothing of it is left here. */
  onRunOver(): void
}
