/** One run on its controller: what was ordered, who takes part, and the parts of the daemon that its phases and hooks use. */
import type { ErrorCode } from '../../protocols/errors.ts'
import type { Candidate, Exclusion } from '../../protocols/manifest.ts'
import type { OnEnd } from '../../protocols/on-end.ts'
import { roleIn } from '../../protocols/phase.ts'
import { FORMAT, type RunRecord } from '../../protocols/record.ts'
import { cutMissing, describeShortfall, type Shortfall } from '../../protocols/shortfall.ts'
import type { StagedEntry } from '../../protocols/staged.ts'
import type { ToolReadings } from '../../protocols/thresholds/tool-readings.ts'
import type { ToolChanges } from '../../protocols/tool-changes.ts'
import type { Edge } from '../../protocols/trigger.ts'
import type { Verdict } from '../../protocols/verdict.ts'
import type { RunFolder } from '../store/run-folder.ts'
import { runsRole } from '../work/workloads/assign.ts'
import { Announcements } from './announcements.ts'
import { type Attendance, sizeOf } from './attendance.ts'
import type { RunEvents } from './events.ts'
import type { GivenInput } from './jobs/graph-init.ts'
import { RunJobs } from './jobs/run-jobs.ts'
import type { SampleLoad } from './load/sample-load.ts'
import type { PlannedPhase } from './plan.ts'
import { neededBy } from './roster.ts'
import type { RunOrder, RunParts } from './run-parts.ts'
import type { Selectable } from './selector.ts'
import { absencesOf } from './shortfalls.ts'
import { askedForTasks } from './task-members.ts'

/** Shortfalls that a record names. */
export const MAX_SHORTFALLS = 1_000

/** Members that are excluded for these gave no answer, and are not waited for. */
export const SILENT = new Set<string>(['timeout', 'lost', 'left', 'unreachable'] satisfies ErrorCode[])

export interface RunContextInit {
  order: RunOrder
  folder: RunFolder
  events: RunEvents
  parts: RunParts
}

export class RunContext {
  readonly order: RunOrder
  readonly folder: RunFolder
  readonly events: RunEvents
  readonly parts: RunParts
  readonly record: RunRecord
  /** What the phases are about: the offer, and later the manifest. */
  subject: { digest: string; bytes: Uint8Array } | undefined
  /** What members fetch before it begins. */
  staged: StagedEntry[] = []
  /** Peers that are asked to join, as selectors know them. */
  selectable = new Map<string, Selectable>()
  /** Its jobs. */
  jobs = new RunJobs({ job: [] }, [])
  /** What of their inputs no job makes. */
  given = new Map<string, GivenInput>()
  /** What jobs of the role `setup` have made of it: members fetch it when those are over. */
  stagedOutputs: StagedEntry[] | undefined
  /** What was attached and detached until now. */
  tools: ToolChanges | undefined
  /** What tools that were attached say themselves of their end, by member and tool. */
  readonly attachedEnds = new Map<string, OnEnd>()
  /** The instant at which the tools of the latest sample start, ms since 1970 on the controller's clock. */
  agreed: number | undefined
  /** That at which clients of the latest element begin. */
  elementAt: number | undefined
  /** What clients of members measure in the sample that goes on. */
  load: SampleLoad | undefined
  /** What the output of the command that goes on said last of when tools start and stop; nothing once it has ended. */
  said: Edge[] | undefined
  /** What tools measured of what thresholds ask for, sample by sample. */
  readonly toolReadings: ToolReadings[] = []
  /** How the run ends, from its last phase on. */
  verdict: Verdict | undefined
  /** By the monotonic clock: the wall clock may be set in mid run. */
  readonly began = performance.now()
  /** Members that the run was asked for: `candidates` are those of them that are here, and who only drives. */
  #size = 0
  #candidates: Candidate[] = []
  #names = new Map<string, string>()
  /** What `record.shortfalls` says, in words. */
  readonly #lacks = new Set<string>()
  readonly excluded = new Map<string, Exclusion>()
  /** Called with each member that is excluded. */
  readonly onExcluded = new Set<(peer: string) => void>()
  /** Whoever has not answered the open phase after so long has not answered it, ms. Set by what drives the run. */
  hurry: (ms: number) => void = () => {}
  /** What a member said cannot be: no answer of it counts or is waited for, and so it is excluded. Set by what drives the run. */
  dismiss: (peer: string, code: ErrorCode, reason: string) => void = () => {}
  readonly announcements = new Announcements()
  readonly #cancelled = new AbortController()

  constructor({ order, folder, events, parts }: RunContextInit) {
    this.order = order
    this.folder = folder
    this.events = events
    this.parts = parts
    this.record = newRecord(order, parts)
  }

  /** The id of the run. */
  get id(): string {
    return this.order.run
  }

  /** All whom the offer names. */
  get candidates(): Candidate[] {
    return this.#candidates
  }

  set candidates(candidates: Candidate[]) {
    this.#candidates = candidates
    this.#names = new Map(candidates.map(({ peer, name }) => [peer, name]))
  }

  /** Aborts with a `Stopped` when someone cancels the run. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal
  }

  /** Ends the phase that is open, too. */
  cancel(why: Error): void {
    this.#cancelled.abort(why)
  }

  /** Answers that a phase needs. */
  get needed(): number {
    return neededBy(this.order.spec.policy.quorum, this.candidates, this.#size)
  }

  /** @returns all who take part or did so, by peer id, with the names of their folders */
  get everyone(): Map<string, string> {
    const all = this.record.manifest == null ? this.candidates : this.record.roster
    return new Map(all.map(({ peer, name }) => [peer, name]))
  }

  /** @returns all who still take part */
  get active(): Map<string, string> {
    return new Map([...this.everyone].filter(([peer]) => !this.excluded.has(peer)))
  }

  /**
   * @returns whom a phase waits for. The last one waits for the excluded, too, that failed in words and are still there: they hand over
   * what they measured
   */
  asked(at: Pick<PlannedPhase, 'who' | 'part' | 'step' | 'element' | 'first'>): Map<string, string> {
    const { active, parts } = this
    const { who, part } = at
    const role = part == null ? undefined : roleIn(part)
    if (part === 'jobs') return new Map([...active].filter(([peer]) => this.#hasJobs(peer)))
    if (part != null && role == null) return new Map(askedForTasks(at, this).map(({ peer, name }) => [peer, name]))
    if (role != null) return new Map([...active].filter(([peer]) => this.runs(peer, role)))
    if (who !== 'everyone') return active
    const joined = new Set(this.record.roster.map(({ peer }) => peer))
    const willing = [...this.excluded.values()].filter(
      ({ peer, code }) => joined.has(peer) && !SILENT.has(code) && parts.members.isHere(peer)
    )
    return new Map([...active, ...willing.map(({ peer, name }) => [peer, name] as const)])
  }

  readonly #hasJobs = (peer: string) => this.record.roster.some(each => each.peer === peer && each.jobs != null)

  /** @returns whether a workload of this role is placed on a member */
  runs(peer: string, role: 'server' | 'client'): boolean {
    const member = this.record.roster.find(each => each.peer === peer)
    return runsRole(this.order.spec, role, member?.workloads)
  }

  /** @returns how many of those whom a phase asks must answer: as few may lack in a part of the work as in any phase */
  neededIn({ part, first }: Pick<PlannedPhase, 'part' | 'first'>, asked: number): number {
    if (part == null) return this.needed
    // whoever answers first ends the others
    if (first) return 1
    return Math.max(1, asked - Math.max(0, this.active.size - this.needed))
  }

  /** Who was waited for: those that did not come are missing from here on. */
  attended(attendance: Attendance): void {
    const { spec } = this.order
    this.selectable = new Map(attendance.here.map(each => [each.peer, each]))
    this.jobs = new RunJobs(spec, attendance.here)
    this.#size = sizeOf(attendance, spec.expect)
    for (const each of absencesOf(spec, attendance)) this.lack(each)
    if (attendance.here.length < this.#size) this.record.partial = true
  }

  /** Something that was asked for is not there. @returns whether it was news, and is named */
  lack(shortfall: Shortfall): boolean {
    const { shortfalls } = this.record
    const cut = cutMissing(shortfall)
    const text = describeShortfall(cut)
    // a tool that a member lacks is named once, not in every sample
    if (shortfalls.length >= MAX_SHORTFALLS || this.#lacks.has(text)) return false
    this.#lacks.add(text)
    shortfalls.push(cut)
    this.events.store({ type: 'shortfall', ...cut })
    return true
  }

  nameOf(peer: string): string | undefined {
    return this.#names.get(peer)
  }

  /** Whether messages to a member can be expected to arrive: one that leaves says so to the mesh, perhaps before its last answer is here. */
  isHere(peer: string): boolean {
    return this.parts.members.isHere(peer) || this.parts.runStreams.isOpen(this.id, peer)
  }

  /** The member takes no part from now on. */
  exclude(exclusion: Exclusion): void {
    if (this.excluded.has(exclusion.peer)) return
    this.excluded.set(exclusion.peer, exclusion)
    this.record.excluded.push(exclusion)
    this.record.partial = true
    this.events.store({ type: 'excluded', ...exclusion })
    for (const act of this.onExcluded) act(exclusion.peer)
  }
}

/** The record of a run before its first phase. */
function newRecord(order: RunOrder, { signer, members, program }: RunParts): RunRecord {
  const { run, key, epoch, created, begun, directory, spec, resumes } = order
  return {
    format: FORMAT,
    run,
    key,
    name: spec.name,
    state: 'waiting',
    partial: false,
    controller: { peer: signer.peer, name: members.self.name },
    epoch,
    created,
    begun,
    program,
    directory,
    ...(resumes == null ? {} : { resumes }),
    spec,
    ...{ roster: [], excluded: [], shortfalls: [], beside: [] },
    ...{ workload: [], skew: [], clocks: [], observed: [], sent: [] }
  }
}
