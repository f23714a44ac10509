/** What a member's side of a phase is: one function, one file. */
import type { Signer } from '../../../protocols/envelope.ts'
import type { MemberRecord } from '../../../protocols/hello.ts'
import type { Clock } from '../../../protocols/manifest.ts'
import type { Ack, Command } from '../../../protocols/phase.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import type { WorkState } from '../../../protocols/work-state.ts'
import type { Content } from '../../artifacts/content.ts'
import type { Swarms } from '../../artifacts/swarm/swarms.ts'
import type { Log } from '../../log.ts'
import type { Paths } from '../../mesh/paths/paths.ts'
import type { Streams } from '../../mesh/streams.ts'
import type { SocketFolder } from '../../processes/socket-folder.ts'
import type { Supervisor } from '../../processes/supervisor.ts'
import type { Catalogue } from '../../tools/catalogue.ts'
import type { CallsInit } from '../../work/calls/open-calls.ts'
import type { HostsOf } from '../../work/contract.ts'
import type { JobService } from '../../work/jobs/job-service.ts'
import type { WorkloadContext } from '../../work/workload-context.ts'
import type { Allowance } from '../allow/allowance.ts'
import type { GaugeHistory } from '../gauge-history.ts'
import type { MemberState } from '../member-state.ts'
import type { RunHooks } from '../owner-hooks/owner-hooks.ts'
import type { UsageSnapshot } from '../usage.ts'

export interface PhaseParts {
  streams: Streams
  paths: Paths
  content: Content
  swarms: Pick<Swarms, 'fetch' | 'store'>
  supervisor: Supervisor
  log: Log
  signer: Signer
  self(): MemberRecord
  /** Other peers that may hold what the controller cannot give any more. */
  neighbours(): string[]
  /** What the caller gave to the workload of a run that this peer drives. */
  workloadOf(run: string): WorkloadContext | undefined
  /** What the tool `gauge` found here before. */
  gauges: GaugeHistory
  /** What this daemon has used so far. */
  usage(): UsageSnapshot
  /** @throws {BakError} `not-allowed` if the owner of this machine does not let the run do here what its offer says */
  allow(member: MemberState): Promise<void>
  owner: Pick<
    Allowance,
    | 'check'
    | 'checkImage'
    | 'checkRoom'
    | 'longestOf'
    | 'programsOf'
    | 'whyAbsent'
    | 'guardsInWords'
    | 'isFree'
    | 'lend'
  >
  /** @returns by which addresses this machine reaches that of a peer now, the best first */
  hosts(): HostsOf
  sockets: SocketFolder
  /** The tools of this machine. */
  catalogue: Pick<Catalogue, 'find' | 'check'>
  /** What runs jobs here. */
  jobs: Pick<JobService, 'open' | 'close' | 'slots'>
  /** Programs of the owner that run here at join and before terminate. */
  hooks: RunHooks
}

export interface PhaseContext {
  command: Command
  member: MemberState
  parts: PhaseParts
  /** Aborts when the phase is over without this member, or the daemon stops. */
  signal: AbortSignal
  /** Tells the controller at once what will be in a later answer. */
  tell(missing: Missing): void
  /** This member takes no part any more, for a reason that its next answer gives. */
  leave(reason: string): void
  /** Tells the controller how far it is with what is staged, bytes. */
  tellStaging(done: number, total: number): void
  /** Tells the controller at once what a workload does. */
  report(state: WorkState): void
  /** One exchange of clocks with the controller: how far this member's is ahead. */
  ask(signal: AbortSignal): Promise<Clock>
  /** Sends a call of a workload to the controller. Never rejects. */
  call: CallsInit['ask']
}

/** What is said of the phase: all of the answer but what it answers, and how it came out. */
type Said = Omit<
  Ack,
  'run' | 'epoch' | 'seq' | 'phase' | 'subject' | 'outcome' | 'code' | 'reason' | 'received' | 'done'
>

/** @throws {BakError} why this member could not do it: its acknowledgement says `failed` */
export type PhaseHandler = (context: PhaseContext) => Promise<Partial<Said>>
