/**
 * One run on one member: its state, what it runs, its folders, and what of it must outlive the daemon. `member.cbor` has
 * all of it; `state.cbor`, small, is written over at each change of state, so that a daemon that was killed knows how far it was.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, envelope, peek } from '../../protocols/envelope.ts'
import { count, list } from '../../protocols/fields.ts'
import type { Availability } from '../../protocols/hello.ts'
import type { Lead } from '../../protocols/lead.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import {
  type Clock,
  clock,
  type Manifest,
  manifestSubject,
  type Offer,
  offerSubject,
  type RosterEntry
} from '../../protocols/manifest.ts'
import { forRank } from '../../protocols/overridden.ts'
import { MAX_STAGED, type StagedEntry, stagedEntry } from '../../protocols/staged.ts'
import { type ToolChanges, toolChanges } from '../../protocols/tool-changes.ts'
import type { Placement } from '../../protocols/workload.ts'
import type { LentFolder } from '../processes/guards.ts'
import type { Programs } from '../processes/programs.ts'
import { writeAtomic } from '../store/atomic.ts'
import type { Outbox } from '../store/outbox.ts'
import { removeTree } from '../store/remove-tree.ts'
import { MAX_STATE_BYTES, readStateFile, StateFile } from '../store/state-file.ts'
import type { TriggeredCommand } from '../work/command/triggered-command.ts'
import type { MemberLoad } from '../work/tasks/member-load.ts'
import type { MemberWork } from '../work/workloads/member-work.ts'
import type { Around } from './gauging.ts'
import { MemberMachine } from './noise/member-machine.ts'
import type { ToolRun } from './running-tools/tool-run.ts'
import { type State, states } from './states.ts'
import type { UsageSnapshot } from './usage.ts'

const progress = v.object({
  seq: count,
  state: v.picklist(states),
  /** The latest acknowledgement. */
  ack: v.optional(envelope)
})
const saved = v.object({
  ...progress.entries,
  clock,
  offer: envelope,
  manifest: v.optional(envelope),
  changes: v.optional(toolChanges),
  outputs: v.optional(list(stagedEntry, MAX_STAGED))
})

export class MemberState {
  readonly run: string
  readonly lead: Lead
  readonly offerSealed: Envelope
  readonly offer: Offer
  /** Peers that the run was offered to. */
  readonly candidates: ReadonlySet<string>
  /** Has the layout of the result folder, so that what is packed here unpacks in place there. */
  readonly data: string
  readonly folder: string
  readonly self: string
  readonly outbox: Outbox
  seq = 0
  state: State = 'new'
  clock: Clock = { offset: 0, bound: 0 }
  /** When the clock was compared before a `start`, and when it was last asked whether it was set; by the monotonic clock. */
  compared = Number.NEGATIVE_INFINITY
  clockSeen = performance.now()
  manifestSealed: Envelope | undefined
  manifest: Manifest | undefined
  manifestDigest: string | undefined
  ack: Envelope | undefined
  /** What jobs of the run have made for its workloads. */
  outputs: StagedEntry[] = []
  /** Tools of the sample that goes on, and those that run from `init` to `end`. */
  started: ToolRun[] = []
  readonly persistent: ToolRun[] = []
  /** When tools began, by the folders in which they write: only what began since this daemon started. */
  readonly toolsBegan = new Map<string, number>()
  /** Tools that were attached to the run and detached from it, as the last `start` said. */
  changes: ToolChanges | undefined
  /** What is known here of those that were attached, by name. */
  readonly admitted = new Map<string, Availability>()
  /** Persistent tools, by name, that are not started again: they could not be, or they were detached. */
  readonly givenUp = new Set<string>()
  readonly detached = new Set<string>()
  /** Where programs of tools are that the run brings, by tool. */
  readonly lent = new Map<string, Promise<LentFolder>>()
  /** The workloads of the sample that goes on. */
  work: MemberWork | undefined
  /** The clients of the sample that goes on. */
  load: MemberLoad | undefined
  /** The command of the run, where triggers read its output. */
  command: TriggeredCommand | undefined
  /** Processor time of tools that ended before their sample, ms. */
  toolTime = 0
  /** What started them. */
  programs: Programs | undefined
  persistentPrograms: Programs | undefined
  /** Tools that do something around the sample that goes on. */
  around: Around[] = []
  /** What it tells of its machine. */
  readonly machine: MemberMachine
  /** What the daemon had cost when this member answered `start`, and each persistent tool by its process group. */
  usageAtStart: (UsageSnapshot & { persistent: Map<number, number> }) | undefined
  /** The daemon died since `init`, and `start` was not answered since: tools that ran then are gone. */
  interrupted = false
  #saved: { state?: State; manifest?: string; changes?: ToolChanges } = {}
  readonly #stateFile: StateFile

  constructor(init: { folder: string; self: string; outbox: Outbox; offerSealed: Envelope }) {
    this.folder = init.folder
    this.data = join(init.folder, 'data')
    this.#stateFile = new StateFile(join(init.folder, 'state.cbor'))
    this.machine = new MemberMachine(init.folder)
    this.self = init.self
    this.outbox = init.outbox
    this.offerSealed = init.offerSealed
    this.offer = peek(offerSubject, init.offerSealed)
    this.candidates = new Set(this.offer.candidates.map(({ peer }) => peer))
    this.run = this.offer.run
    this.lead = { by: this.offer.controller, epoch: this.offer.epoch }
  }

  get controller(): string {
    return this.lead.by
  }

  /** The name of this member's folders in the result. */
  get name(): string {
    return this.#candidate.name
  }

  /** The tools that this member was asked to run, with the options that its rank gives them once it has one. */
  get tools(): Assignment[] {
    const { tools } = this.#candidate
    const rank = this.roster.find(({ peer }) => peer === this.self)?.rank
    if (rank == null) return tools
    return tools.map(each => ({ ...each, options: forRank(each.options, rank) }))
  }

  /** All who take part, in the order of their ranks; nobody before there is a manifest. */
  get roster(): RosterEntry[] {
    return this.manifest?.roster ?? []
  }

  /** The workloads that this member was asked to run. */
  get workloads(): Placement[] | undefined {
    return this.#candidate.workloads
  }

  /** Whether it was asked to have clients of tasks. */
  get hasClients(): boolean {
    return this.#candidate.load != null
  }

  get #candidate() {
    const mine = this.offer.candidates.find(candidate => candidate.peer === this.self)
    if (mine == null) throw new Error(`not a candidate of ${this.run}`)
    return mine
  }

  /** Restores the manifest, too. */
  accept(manifest: Envelope): void {
    this.manifestSealed = manifest
    this.manifest = peek(manifestSubject, manifest)
    this.manifestDigest = digestOf(encode(manifest))
  }

  /** All of it is on the disk when this resolves. */
  async save(): Promise<void> {
    const { state, manifestDigest, changes } = this
    await mkdir(this.data, { recursive: true })
    const { clock, offerSealed: offer, manifestSealed: manifest, outputs } = this
    const whole = { ...this.#progress, clock, offer, manifest, changes, outputs }
    await writeAtomic(join(this.folder, 'member.cbor'), encode(whole))
    this.#saved = { state, manifest: manifestDigest, changes }
  }

  /** What the next daemon must know if this one is killed; a phase that changes no state can be gone through again. */
  async keep(): Promise<void> {
    const { state, manifestDigest, changes } = this
    if (state === 'orphaned' || manifestDigest !== this.#saved.manifest) return this.save()
    if (JSON.stringify(changes) !== JSON.stringify(this.#saved.changes)) return this.save()
    if (state === this.#saved.state) return
    const bytes = encode(this.#progress)
    if (bytes.length > MAX_STATE_BYTES) return this.save()
    // a machine that fails ends the run on it, whatever is on its disk
    await this.#stateFile.write(bytes)
    this.#saved.state = state
  }

  get #progress() {
    const { seq, state, ack } = this
    return { seq, state, ack }
  }

  /** Nothing more is kept for now. */
  async close(): Promise<void> {
    for (const each of this.lent.values()) await each.then(({ release }) => release()).catch(() => {})
    this.lent.clear()
    await this.#stateFile.close()
  }

  async remove(): Promise<void> {
    await this.close()
    await removeTree(this.folder)
  }
}

/** @throws whatever is wrong with `member.cbor` */
export async function restoreMember(folder: string, self: string, outbox: Outbox): Promise<MemberState> {
  const content = decode(saved, new Uint8Array(await readFile(join(folder, 'member.cbor'))))
  const later = await readStateFile(join(folder, 'state.cbor'))
    .then(bytes => decode(progress, bytes))
    .catch(() => content)
  // a member is orphaned between two commands, and all of it is written then
  const isOlder = later.seq < content.seq || (later.seq === content.seq && content.state === 'orphaned')
  const { seq, state, ack } = isOlder ? content : later
  const member = new MemberState({ folder, self, outbox, offerSealed: content.offer })
  Object.assign(member, {
    seq,
    state,
    ack,
    clock: content.clock,
    changes: content.changes,
    outputs: content.outputs ?? []
  })
  if (content.manifest != null) member.accept(content.manifest)
  // `start` is answered before the state is on the disk
  member.interrupted = member.state === 'running' || member.state === 'idle'
  return member
}
