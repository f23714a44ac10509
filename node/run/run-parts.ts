/** What one run is made from: the order, and the parts of the daemon that it uses. */
import type { Signer } from '../../protocols/envelope.ts'
import type { Resumed } from '../../protocols/resumed.ts'
import type { Spec } from '../../protocols/spec.ts'
import type { Artifacts } from '../artifacts/artifacts.ts'
import type { Content } from '../artifacts/content.ts'
import type { Swarms } from '../artifacts/swarm/swarms.ts'
import type { RunStreamServer } from '../channels/run-stream-server.ts'
import type { CollectedRun } from '../collectors/collected-run.ts'
import type { Log } from '../log.ts'
import type { Members } from '../mesh/membership/members.ts'
import type { Streams } from '../mesh/streams.ts'
import type { Authority } from '../mesh/trust/authority.ts'
import type { Supervisor } from '../processes/supervisor.ts'
import type { JobRecords } from '../store/job-records.ts'
import type { WorkloadContexts } from '../work/workload-context.ts'
import type { LoadStreamServer } from './load/load-stream-server.ts'
import type { Receiver } from './receiver.ts'
import type { RunFeed } from './run-feed.ts'

/** What a person asked for. */
export interface RunRequest {
  spec: Spec
  /** The caller's folder and environment, for the workload only. */
  directory: string
  env: Record<string, string>
  key?: string
  /** Of the pbench server to which the result is to go; that of the environment where it is left out. */
  token?: string
  /** The run that it goes on with, and what that has. */
  resumes?: Resumed
}

/** What a person asked for, and what the daemon added. */
export interface RunOrder extends RunRequest {
  run: string
  epoch: number
  created: number
  /** Later than that of every run that was begun here before. */
  begun: number
}

/** The mesh, and the proofs of membership of its peers. */
export type Proofs = Pick<Authority, 'mesh' | 'proofOf'>

/** Parts of the daemon that a run uses. */
export interface RunParts {
  log: Log
  signer: Signer
  program: string
  authority: Proofs
  members: Members
  feed: RunFeed
  runStreams: RunStreamServer
  loadStreams: Pick<LoadStreamServer, 'open' | 'close'>
  streams: Streams
  receiver: Pick<Receiver, 'settle'>
  content: Content
  artifacts: Artifacts
  swarms: Pick<Swarms, 'fetch'>
  jobRecords: Pick<JobRecords, 'keep' | 'flush' | 'note' | 'byKeys' | 'latestOf' | 'hasTaken'>
  workloads: WorkloadContexts
  /** Starts collectors. */
  supervisor: Pick<Supervisor, 'spawn'>
  /** Makes series of what collectors have. Never rejects. */
  collectedSeries?(run: CollectedRun, signal: AbortSignal): Promise<void>
  /** Aborts when the daemon stops. */
  signal: AbortSignal
  /** A phase opens. */
  onPhase(): void
}
