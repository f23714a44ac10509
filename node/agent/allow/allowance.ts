/** Asks the owner's rules about what a peer wants done here, with what this peer knows of the mesh and of the machine. */
import type { ArtifactLimits } from '../../../protocols/config-file.ts'
import { readDuration } from '../../../protocols/duration.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import { variantsOf } from '../../../protocols/overridden.ts'
import type { StagedEntry } from '../../../protocols/staged.ts'
import { originsOf } from '../../../protocols/tasks/operations-of.ts'
import type { Placement } from '../../../protocols/workload.ts'
import type { Members } from '../../mesh/membership/members.ts'
import { type Asking, namesOf } from '../../mesh/names/listed-peers.ts'
import { askingOf, type Names } from '../../mesh/names/peer-rule.ts'
import { Part } from '../../part.ts'
import type { ImageFacts } from '../../processes/containers.ts'
import type { Guards, LentFolder } from '../../processes/guards.ts'
import type { Programs } from '../../processes/programs.ts'
import { findProgram } from '../../tools/find-program.ts'
import { programRunBy, textsOf } from '../../tools/index.ts'
import { broughtByRun } from '../../work/brought-by-run.ts'
import type { Brought } from '../../work/workloads/brought.ts'
import { missingPrograms } from '../../work/workloads/missing-programs.ts'
import { explain, type Refusal, type Rules, refusalOf } from './allow.ts'
import { beyondCaps, type CappedRun, type Caps } from './caps.ts'
import { refuseForward } from './forward-rule.ts'
import { refuseImage } from './image-rule.ts'
import { refuseLoad } from './load-rule.ts'
import { type MemberOfRun, programsOf } from './member-programs.ts'
import { isPrivileged } from './program-rule.ts'
import { beyondRoom, refuseStage } from './stage-rule.ts'

type Staged = Pick<StagedEntry, 'path' | 'bytes'>

interface AllowanceInit {
  /** Peer id of this peer. */
  self: string
  rules: Rules
  /** Whom the names in them mean. */
  names: Names
  /** Programs of runs that may run as the daemon does. */
  privileged?: string[]
  guards: Pick<Guards, 'isolation' | 'forRun' | 'inWords' | 'lend' | 'containers' | 'hides'>
  caps?: Caps
  /** What may be staged here. */
  artifacts?: ArtifactLimits
  /** The file that sets them. */
  file: string
}

export interface JudgedRun extends CappedRun {
  controller: string
  tools: Assignment[]
  /** What of its workloads this peer is to run. */
  workloads: Placement[] | undefined
  /** It is to have clients of its tasks. */
  hasClients: boolean
  staged?: Staged[] | undefined
}

export class Allowance extends Part<{ members: Pick<Members, 'list' | 'isHere'> }, AllowanceInit> {
  readonly #members = this.components.members

  /** @throws {BakError} `not-allowed` if the owner of this machine does not let the peer have these tools and workloads run here */
  async check(peer: string, tools: Assignment[], workloads: Brought[] = []): Promise<void> {
    const { rules, guards } = this.init
    const notApart = 'why' in guards.isolation ? guards.isolation.why : undefined
    const caller = this.#callerOf(peer)
    const machine = { find: this.#finderFor(peer), runs: programRunBy, texts: textsOf, notApart }
    const all = tools.flatMap(each => variantsOf(each.options).map(options => ({ ...each, options })))
    this.#refuse(await refusalOf(rules, { caller, tools: all, workloads }, machine))
  }

  /** Lets a run in: from now on the names of the list that let its controller in mean that peer. @throws {BakError} as `checkRun` does */
  async admit(run: JudgedRun): Promise<void> {
    await this.checkRun(run)
    const caller = this.#callerOf(run.controller)
    if (caller == null) return
    await this.init.names.bind(namesOf(this.init.rules.controllers, caller), caller.peer)
  }

  /** Whether a run would be let in. @throws {BakError} `not-allowed` also if it goes beyond a limit of the owner's */
  async checkRun({ controller, tools, staged = [], ...run }: JudgedRun): Promise<void> {
    await this.check(controller, tools, broughtByRun(run.spec, run))
    this.checkRoom(controller, staged)
    if (run.hasClients) this.checkLoad(controller, originsOf(run.spec))
    const { self, caps = {} } = this.init
    if (controller !== self) this.#refuse(beyondCaps(caps, run))
  }

  /** @param origins of `http` operations @throws {BakError} `not-allowed` if clients of the peer's runs may not send requests there from here */
  checkLoad(peer: string, origins: string[]): void {
    const { self, guards, rules } = this.init
    this.#refuse(refuseLoad(rules, origins))
    if (peer !== self && isCutOff(guards.isolation) && origins.length > 0)
      this.#refuse('allow.network lets programs of others use no network, and clients of http operations need it')
  }

  /** @throws {BakError} `not-allowed` if the owner of this machine does not let the peer store files here */
  async checkStage(peer: string, staged: Staged[]): Promise<void> {
    await this.check(peer, [])
    this.checkRoom(peer, staged)
  }

  /** @throws {BakError} `not-allowed` if the owner of this machine does not let the peer reach this port of it */
  async checkForward(peer: string, port: number): Promise<void> {
    if (peer === this.init.self) return
    await this.check(peer, [])
    this.#refuse(refuseForward(this.init.rules, port))
  }

  /**
   * Whether jobs of a peer that is let in may run in an image.
   * @throws {BakError} `not-allowed` if the owner of this machine does not say so, `tool-unavailable` if it is not here
   */
  async checkImage(peer: string, image: string): Promise<ImageFacts> {
    const { rules, guards, self } = this.init
    // a peer that may use none learns nothing of those that are here
    if (peer !== self && !rules.images) this.#refuse(refuseImage(rules, image, []))
    const facts = await guards.containers.find(image)
    if (peer !== self) this.#refuse(refuseImage(rules, image, facts.names))
    return facts
  }

  /** As `checkStage`, of a peer that is let in. */
  checkRoom(peer: string, staged: Staged[]): void {
    const { rules, artifacts } = this.init
    if (staged.length === 0) return
    const caller = this.#callerOf(peer)
    this.#refuse(caller && refuseStage(rules, caller))
    if (artifacts != null) this.#refuse(beyondRoom(artifacts, staged))
  }

  /** @returns ms after which a run of a controller is over here, whatever it does */
  longestOf(controller: string): number | undefined {
    const { self, caps: { time } = {} } = this.init
    return time == null || controller === self ? undefined : readDuration(time)
  }

  /** @returns what starts the programs of a run on this member, or those that outlive its samples */
  programsOf(member: MemberOfRun, lifetime?: 'persistent'): Programs {
    const { self, guards, privileged = [] } = this.init
    const disk = { find: findProgram }
    return programsOf(member, { guards, self, lifetime, isPrivileged: argv => isPrivileged(privileged, argv, disk) })
  }

  /** @returns why programs that a run of this peer brings cannot start here, found out without them; undefined if they can */
  whyAbsent(peer: string, brought: Brought[]): Promise<string | undefined> {
    const { self, guards } = this.init
    const hides = (folder: string, program: string) => (peer === self ? undefined : guards.hides(folder, program))
    return missingPrograms(brought, { find: this.#finderFor(peer), hides })
  }

  /** @returns what finds a program on the PATH of this machine, as whom it would run here for this peer */
  #finderFor(peer: string): (name: string) => Promise<string | undefined> {
    const { self, guards } = this.init
    const { isolation } = guards
    const user = peer !== self && 'how' in isolation && isolation.how === 'user' ? isolation : undefined
    return name => findProgram(name, user)
  }

  /** @returns an empty folder in which programs of a run read what it brings */
  lend(folder: string, controller: string): LentFolder {
    return this.init.guards.lend(folder, controller === this.init.self)
  }

  /** Whether a run may start any program here, also one that it brought itself. */
  get isFree(): boolean {
    return this.init.rules.exec === true
  }

  /** How programs of others are kept apart from this peer. */
  guardsInWords(): string[] {
    return this.init.guards.inWords()
  }

  /** @param why a rule that forbids it, or in words; undefined where nothing does @throws {BakError} `not-allowed` */
  #refuse(why: Refusal | string | undefined): void {
    const { file } = this.init
    if (why == null) return
    throw new BakError('not-allowed', typeof why === 'string' ? `${why}; it is set in ${file}` : explain(why, file))
  }

  /** @returns nothing for this peer itself */
  #callerOf(peer: string): Asking | undefined {
    return peer === this.init.self ? undefined : askingOf(peer, this.#members, this.init.names)
  }
}

const isCutOff = (isolation: Guards['isolation']) => 'network' in isolation && !isolation.network
