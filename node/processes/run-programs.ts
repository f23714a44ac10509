/** The programs of one run of another peer on this machine: apart from the daemon, in one cgroup, within the owner's limits, on record. */
import { totalmem } from 'node:os'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Audit, AuditLine } from './audit.ts'
import { auditLineOf, PRIVILEGED } from './audited-program.ts'
import type { Cgroups, RunCgroup } from './cgroups.ts'
import { AS_PODMAN, contain } from './contained-program.ts'
import type { Contained, Containers } from './containers.ts'
import { DiskBudget, type DiskLimits, LOOK_EVERY_MS, LOOK_SELDOM_MS } from './disk-budget.ts'
import { chosenEnvironment } from './environment.ts'
import { type Isolation, isolationInWords, wrap } from './isolation.ts'
import { writableMountsFor } from './mounts.ts'
import { namesOf, processesOf } from './process-group.ts'
import { foldersFor, type ProgramFolders } from './program-folders.ts'
import type { ProgramOfRun, Programs, RunningProgram, Treatment } from './programs.ts'
import { SharedSpaces } from './shared-spaces.ts'
import type { Supervised, Supervisor } from './supervisor.ts'
import type { WorkFolders } from './work-folders.ts'

/** As the owner types it. */
const TYPED: Isolation = { how: 'owner', limit: false }

/** What this daemon has to keep programs apart from it. */
export interface RunProgramsParts {
  isolation: Isolation | { why: string }
  cgroups: Cgroups
  workFolders: WorkFolders | undefined
  supervisor: Supervisor
  audit: Audit
  limits: DiskLimits & { nofile?: number; memory?: number; pids?: number; cpu?: number }
  containers: Pick<Containers, 'prepare'>
  /** Whether programs of others may use the network. */
  network: boolean
  /** Variables of the daemon that programs get. */
  keep: string[]
}

export interface RunProgramsInit {
  run: string
  /** Its controller. */
  by: string
  /** They outlive its samples: a cgroup of their own, since that of a sample is ended with it. */
  lifetime?: 'persistent' | undefined
  /** It is a run of this peer, whose owner has no limits. */
  isOwn: boolean
  /** Where all is that its programs write, beside working folders. */
  data: string
  /** How a program that the run brings is treated. */
  treatmentOf(program: ProgramOfRun): Promise<Treatment>
  /** None of them is to run any more. */
  onEnd?(): void
}

export class RunPrograms implements Programs {
  readonly #parts: RunProgramsParts
  readonly #init: RunProgramsInit
  readonly #running = new Map<RunningProgram, (why: string) => void>()
  /** Of programs whose files have not been collected. */
  readonly #folders = new Set<string>()
  /** Folders of programs that run, beside the data of the run. */
  readonly #counted = new Set<string>()
  readonly #budget: DiskBudget
  /** By name; undefined where none can be had. */
  readonly #cgroups = new Map<string, RunCgroup | undefined>()
  /** By the folder in which their programs work. */
  readonly #shared = new Map<string, SharedSpaces>()
  /** Why no more program is started. */
  #over: string | undefined

  constructor(parts: RunProgramsParts, init: RunProgramsInit) {
    this.#parts = parts
    this.#init = init
    this.#budget = new DiskBudget({
      limits: parts.limits,
      folders: () => [init.data, ...this.#counted],
      processes: () => this.#processes(),
      onExceeded: why => this.endAll(why)
    })
  }

  async spawn(program: ProgramOfRun): Promise<RunningProgram> {
    const judged = program.brought == null ? 'owner' : await this.#init.treatmentOf(program)
    // the owner's word on a program of this machine says nothing of one in an image
    const treatment = judged === 'privileged' && program.work?.image != null ? 'apart' : judged
    this.#refuseLate(program)
    const started =
      treatment === 'owner' ? await this.#spawnTyped(program) : await this.#spawnGuarded(program, treatment)
    // the run may have ended while it was started
    if (this.#over != null) this.#running.get(started)?.(this.#over)
    return started
  }

  /** The first is that by which all of it is ended: what the owner types is to run as it would without bak. */
  enterTyped(): string[] {
    return this.#over == null ? this.#enter(true).slice(0, 1) : []
  }

  cgroups(): string[] {
    return [...this.#cgroups.values()].flatMap(each => each?.folders ?? [])
  }

  async #spawnTyped(program: ProgramOfRun): Promise<RunningProgram> {
    const { supervisor, keep } = this.#parts
    const folders = await this.#foldersFor(program, TYPED, 'owner')
    const { env, told, directory, ...facts } = factsOf(program, folders)
    const { stdout, stderr } = program
    const plain = { ...chosenEnvironment({ home: folders.cwd, keep }), ...env, ...told }
    let contained: Contained | undefined
    try {
      contained = await this.#contain(program, folders, undefined)
      const { argv, env: all } = contained ?? { argv: facts.argv, env: plain }
      // a workload may leave processes in sessions of their own; a tool of the owner is as they typed it
      const enter = program.work == null && program.beside == null ? [] : this.#enter(true)
      const words = wrap({ argv, isolation: TYPED, folder: folders.cwd, rlimits: {}, enter })
      const cwd = directory ?? folders.cwd
      const supervised = await supervisor.spawn({ argv: words, cwd, env: all, stdout, stderr })
      return this.#watch(supervised, folders, LOOK_SELDOM_MS, contained)
    } catch (cause) {
      folders.discard()
      void contained?.remove()
      throw cause
    }
  }

  async #spawnGuarded(program: ProgramOfRun, treatment: 'apart' | 'privileged'): Promise<RunningProgram> {
    const { supervisor, keep, limits, audit } = this.#parts
    const isolation = withRead(treatment === 'privileged' ? PRIVILEGED : this.#isolation(program), program.reads)
    const line = auditLineOf(this.#init, program, isolation)
    if (!audit.write({ ...line, event: 'start' })) {
      throw new BakError('io', `${program.name}: not started, because the audit of this peer cannot be written`)
    }
    const writeEnd = (facts: Partial<AuditLine>) => audit.write({ ...line, at: Date.now(), event: 'end', ...facts })
    let folders: ProgramFolders | undefined
    let contained: Contained | undefined
    try {
      folders = await this.#foldersFor(program, isolation, treatment)
      this.#refuseLate(program)
      const { cwd, tmp, writable } = folders
      contained = await this.#contain(program, folders, isolation)
      const { argv, env, told, directory } = factsOf(program, folders)
      const enter = this.#enter()
      const tmpfs = Math.min(limits.bytes ?? Infinity, totalmem() / 2)
      const rlimits = { nofile: limits.nofile, fsize: limits.bytes, tmpfs }
      const own = isolation.how === 'user' && tmp != null ? [...writable, tmp] : writable
      const entering = contained == null ? await this.#entering(program, isolation, tmpfs) : undefined
      const mounts = isolation.how === 'user' && entering == null ? writableMountsFor(isolation) : []
      const about = { folder: cwd, rlimits, enter }
      const words =
        contained == null
          ? wrap({ argv, isolation, writable: own, mounts, entering, directory, env, ...about })
          : wrap({ argv: contained.argv, isolation: AS_PODMAN, ...about })
      const user = isolation.how === 'user' ? isolation.user : undefined
      const all = contained?.env ?? { ...chosenEnvironment({ home: cwd, tmp, user, keep }), ...told }
      const { stdout, stderr } = program
      const isSandbox = isolation.how === 'sandbox' && contained == null
      const supervised = await supervisor.spawn({ argv: words, cwd, env: all, stdout, stderr, isSandbox })
      const running = this.#watch(supervised, folders, LOOK_EVERY_MS, contained)
      const { pid } = running
      void running.exited.then(({ exit, signal }) => writeEnd({ pid, exit, signal, why: running.reason() }))
      return running
    } catch (cause) {
      folders?.discard()
      void contained?.remove()
      writeEnd({ why: `not started: ${asBakError(cause).message}` })
      throw cause
    }
  }

  /** @throws {BakError} `not-allowed` once the programs of the run were ended */
  #refuseLate({ name }: ProgramOfRun): void {
    if (this.#over != null) throw new BakError('not-allowed', `${name}: not started: ${this.#over}`)
  }

  /** Within the budget of the disk, and with the reason if it is ended here. */
  #watch(started: Supervised, folders: ProgramFolders, every: number, contained?: Contained): RunningProgram {
    let reason: string | undefined
    const collect = async () => {
      await contained?.remove()
      return folders.collect()
    }
    const program = { ...started, reason: () => reason, collect }
    this.#running.set(program, why => {
      reason ??= why
      void program.stop({ grace: 0 })
    })
    if (!this.#init.isOwn) this.#budget.start(every)
    void program.exited.then(() => this.#running.delete(program))
    return program
  }

  /** Ends what runs, for a reason that is named with each; nothing is started any more. */
  endAll(why: string): void {
    this.#over ??= why
    for (const end of this.#running.values()) end(why)
    for (const each of this.#cgroups.values()) void each?.kill()
  }

  async end(): Promise<string[]> {
    this.#init.onEnd?.()
    this.#over ??= 'the run is over here'
    this.#budget.stop()
    await Promise.all([...this.#running.keys()].map(each => each.stop()))
    await Promise.all([...this.#shared.values()].map(each => each.end()))
    this.#shared.clear()
    const cgroups = [...this.#cgroups.values()].filter(each => each != null)
    this.#cgroups.clear()
    // what still runs made a session of its own
    const left = cgroups.flatMap(each => namesOf(each.processes()))
    for (const each of cgroups) {
      await each.remove()
      this.#parts.supervisor.forgetCgroup(each.folders)
    }
    return left
  }

  /** @returns the words by which a program enters namespaces that others share with it; undefined for one that has its own */
  async #entering({ work }: ProgramOfRun, isolation: Isolation, tmpfs: number): Promise<string[] | undefined> {
    const { supervisor, workFolders } = this.#parts
    const folder = work?.within
    if (folder == null || isolation.how !== 'user' || workFolders == null || !SharedSpaces.areHere(isolation))
      return undefined
    const shared = this.#shared.get(folder) ?? new SharedSpaces({ isolation, supervisor, workFolders, folder, tmpfs })
    this.#shared.set(folder, shared)
    // where they cannot be made it may have its own
    return await shared.enter().catch(() => undefined)
  }

  #processes(): number[] {
    const cgroups = [...this.#cgroups.values()].filter(each => each != null)
    if (cgroups.length > 0) return cgroups.flatMap(each => each.processes())
    return processesOf([...this.#running.keys()].flatMap(each => [each.pid, each.group()]))
  }

  #isolation({ name }: ProgramOfRun): Isolation {
    const { isolation } = this.#parts
    if ('why' in isolation) throw new BakError('not-allowed', `${name}: ${isolationInWords(isolation)}`)
    return isolation
  }

  /** A folder that is made anew for a program would take that of another away. @throws {BakError} `state` */
  async #foldersFor(program: ProgramOfRun, isolation: Isolation, treatment: Treatment): Promise<ProgramFolders> {
    const { name, folder, beside } = program
    if (beside == null && this.#folders.has(folder))
      throw new BakError('state', `${name}: another program of the run works in its folder`)
    if (beside == null) this.#folders.add(folder)
    const init = { isolation, treatment, workFolders: this.#parts.workFolders }
    const folders = await foldersFor(program, init).catch(cause => {
      if (beside == null) this.#folders.delete(folder)
      throw cause
    })
    for (const each of folders.counted) this.#counted.add(each)
    const free = <T>(work: () => T) => {
      if (beside == null) this.#folders.delete(folder)
      for (const each of folders.counted) this.#counted.delete(each)
      return work()
    }
    return { ...folders, collect: () => free(folders.collect), discard: () => free(folders.discard) }
  }

  /** @returns how a program that names an image starts in it */
  async #contain(program: ProgramOfRun, folders: ProgramFolders, isolation: Isolation | undefined) {
    const { work } = program
    if (work?.image == null) return undefined
    const { argv, told } = factsOf(program, folders)
    return contain({ ...this.#parts, work: { ...work, image: work.image }, folders, argv, told, isolation })
  }

  /** @returns the files by which a program enters the cgroup of the run; what the owner typed has one without limits */
  #enter(isTyped = false): string[] {
    const { cgroups, supervisor } = this.#parts
    const { run, lifetime } = this.#init
    const name = [run, ...(lifetime == null ? [] : [lifetime]), ...(isTyped ? ['own'] : [])].join('-')
    if (!this.#cgroups.has(name)) {
      const made = cgroups.create(name, !isTyped)
      this.#cgroups.set(name, made)
      if (made != null) supervisor.watchCgroup(made.folders)
    }
    return this.#cgroups.get(name)?.enter ?? []
  }
}

/** What a run brings stays to be seen where other folders like it are hidden. */
function withRead(isolation: Isolation, reads: string | undefined): Isolation {
  if (reads == null || isolation.how === 'owner') return isolation
  if (isolation.how === 'sandbox') return { ...isolation, shown: [...isolation.shown, reads] }
  const { spaces } = isolation
  return { ...isolation, spaces: { ...spaces, shown: [...spaces.shown, reads] } }
}

/** A workload knows its words, and what it is told of the run, when its places are there. */
function factsOf({ argv, work, beside }: ProgramOfRun, { prepared }: ProgramFolders) {
  return {
    argv: prepared?.argv ?? argv,
    env: work?.env ?? beside?.env ?? {},
    told: prepared?.env ?? beside?.told ?? {},
    directory: work?.directory ?? beside?.directory
  }
}
