/** The programs of one run of another peer on this machine: apart from the daemon, in one cgroup, within the owner's limits, on record. */
import { totalmem } from 'node:os'
import { digestOf } from '../../protocols/digest.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Audit, AuditLine } from './audit.ts'
import type { Cgroups, RunCgroup } from './cgroups.ts'
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

/** Of a program in a line of the audit: words, and characters of each. */
const MAX_ARGV_WORDS = 32
const MAX_WORD = 200
/** As the daemon, on the owner's word. */
const PRIVILEGED: Isolation = { how: 'owner', limit: false }
/** As the owner types it. */
const TYPED: Isolation = { how: 'owner', limit: false }

/** What this daemon has to keep programs apart from it. */
export interface RunProgramsParts {
  isolation: Isolation | { why: string }
  cgroups: Cgroups
  workFolders: WorkFolders | undefined
  supervisor: Supervisor
  audit: Audit
  limits: DiskLimits & { nofile?: number }
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
    const treatment = program.brought == null ? 'owner' : await this.#init.treatmentOf(program)
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
    const { argv, env, told, directory } = factsOf(program, folders)
    const { stdout, stderr } = program
    const all = { ...chosenEnvironment({ home: folders.cwd, keep }), ...env, ...told }
    try {
      // a workload may leave processes in sessions of their own; a tool of the owner is as they typed it
      const enter = program.work == null && program.beside == null ? [] : this.#enter(true)
      const words = wrap({ argv, isolation: TYPED, folder: folders.cwd, rlimits: {}, enter })
      const cwd = directory ?? folders.cwd
      const supervised = await supervisor.spawn({ argv: words, cwd, env: all, stdout, stderr })
      return this.#watch(supervised, folders, LOOK_SELDOM_MS)
    } catch (cause) {
      folders.discard()
      throw cause
    }
  }

  async #spawnGuarded(program: ProgramOfRun, treatment: 'apart' | 'privileged'): Promise<RunningProgram> {
    const { supervisor, keep, limits, audit } = this.#parts
    const isolation = withRead(treatment === 'privileged' ? PRIVILEGED : this.#isolation(program), program.reads)
    const line = this.#lineOf(program, isolation)
    if (!audit.write({ ...line, event: 'start' })) {
      throw new BakError('io', `${program.name}: not started, because the audit of this peer cannot be written`)
    }
    const writeEnd = (facts: Partial<AuditLine>) => audit.write({ ...line, at: Date.now(), event: 'end', ...facts })
    let folders: ProgramFolders | undefined
    try {
      folders = await this.#foldersFor(program, isolation, treatment)
      this.#refuseLate(program)
      const { cwd, tmp, writable } = folders
      const { argv, env, told, directory } = factsOf(program, folders)
      const enter = this.#enter()
      const rlimits = {
        nofile: limits.nofile,
        fsize: limits.bytes,
        tmpfs: Math.min(limits.bytes ?? Infinity, totalmem() / 2)
      }
      const mounts = isolation.how === 'user' ? writableMountsFor(isolation) : []
      const own = isolation.how === 'user' && tmp != null ? [...writable, tmp] : writable
      const entering = await this.#entering(program, isolation, rlimits.tmpfs)
      const words = wrap({
        argv,
        isolation,
        folder: cwd,
        writable: own,
        mounts,
        rlimits,
        enter,
        entering,
        directory,
        env
      })
      const user = isolation.how === 'user' ? isolation.user : undefined
      const all = { ...chosenEnvironment({ home: cwd, tmp, user, keep }), ...told }
      const { stdout, stderr } = program
      const isSandbox = isolation.how === 'sandbox'
      const supervised = await supervisor.spawn({ argv: words, cwd, env: all, stdout, stderr, isSandbox })
      const running = this.#watch(supervised, folders, LOOK_EVERY_MS)
      const { pid } = running
      void running.exited.then(({ exit, signal }) => writeEnd({ pid, exit, signal, why: running.reason() }))
      return running
    } catch (cause) {
      folders?.discard()
      writeEnd({ why: `not started: ${asBakError(cause).message}` })
      throw cause
    }
  }

  /** @throws {BakError} `not-allowed` once the programs of the run were ended */
  #refuseLate({ name }: ProgramOfRun): void {
    if (this.#over != null) throw new BakError('not-allowed', `${name}: not started: ${this.#over}`)
  }

  /** Within the budget of the disk, and with the reason if it is ended here. */
  #watch(started: Supervised, { collect }: ProgramFolders, every: number): RunningProgram {
    let reason: string | undefined
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

  #lineOf({ name, argv }: ProgramOfRun, isolation: Isolation): Omit<AuditLine, 'event'> {
    const { run, by } = this.#init
    const digest = digestOf(Buffer.from(argv.join('\0')))
    const as = isolation === PRIVILEGED ? 'as the daemon, which allow.privileged names' : isolationInWords(isolation)
    const shown = argv
      .slice(0, MAX_ARGV_WORDS)
      .map(word => (word.length > MAX_WORD ? `${word.slice(0, MAX_WORD)}...` : word))
    return { at: Date.now(), by, run, name, argv: shown, digest, as: as.replace(/^programs of others run /, '') }
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
