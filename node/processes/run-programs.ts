/** The programs of one run of another peer on this machine: apart from the daemon, in one cgroup, within the owner's limits, on record. */
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Audit, AuditLine } from './audit.ts'
import type { Cgroups, RunCgroup } from './cgroups.ts'
import { DiskBudget, type DiskLimits, LOOK_EVERY_MS, LOOK_SELDOM_MS } from './disk-budget.ts'
import { chosenEnvironment } from './environment.ts'
import { type Isolation, isolationInWords, wrap } from './isolation.ts'
import { foldersFor, type ProgramFolders } from './program-folders.ts'
import type { Programs, RunningProgram, ToolProgram, Treatment } from './programs.ts'
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
  /** Variables of the daemon that tools get. */
  keep: string[]
}

export interface RunProgramsInit {
  run: string
  /** Its controller. */
  by: string
  /** It is a run of this peer, whose owner has no limits. */
  isOwn: boolean
  /** Where all that its tools write is, beside working folders. */
  data: string
  /** How a program that the run brings is treated. */
  treatmentOf(program: ToolProgram): Promise<Treatment>
}

export class RunPrograms implements Programs {
  readonly #parts: RunProgramsParts
  readonly #init: RunProgramsInit
  readonly #running = new Set<(why: string) => void>()
  /** Folders of programs that run, beside the data of the run. */
  readonly #counted = new Set<string>()
  readonly #budget: DiskBudget
  /** By name; undefined where none can be had. */
  readonly #cgroups = new Map<string, RunCgroup | undefined>()

  constructor(parts: RunProgramsParts, init: RunProgramsInit) {
    this.#parts = parts
    this.#init = init
    this.#budget = new DiskBudget({
      limits: parts.limits,
      folders: () => [init.data, ...this.#counted],
      onExceeded: why => this.endAll(why)
    })
  }

  async spawn(program: ToolProgram): Promise<RunningProgram> {
    const treatment = program.isBrought ? await this.#init.treatmentOf(program) : 'owner'
    const isolation = this.#isolation(program, treatment)
    const folders = await foldersFor(program, { isolation, treatment, workFolders: this.#parts.workFolders })
    for (const each of folders.counted) this.#counted.add(each)
    const collect = async () => {
      for (const each of folders.counted) this.#counted.delete(each)
      return folders.collect()
    }
    try {
      const start =
        treatment === 'owner' ? this.#startTyped(program, folders) : this.#startApart(program, folders, isolation)
      return await start.then(started => ({ ...started, collect }))
    } catch (cause) {
      await collect().catch(() => [])
      throw cause
    }
  }

  async #startTyped(program: ToolProgram, folders: ProgramFolders): Promise<RunningProgram> {
    const { supervisor, keep } = this.#parts
    const { argv, env, told, directory } = factsOf(program, folders)
    const { stdout, stderr } = program
    const all = { ...chosenEnvironment({ home: folders.cwd, keep }), ...env, ...told }
    // a workload may leave processes in sessions of their own; a tool of the owner is as they typed it
    const enter = program.work == null && program.beside == null ? [] : this.#enter(true)
    const words = wrap({ argv, isolation: TYPED, folder: folders.cwd, rlimits: {}, enter })
    const supervised = await supervisor.spawn({ argv: words, cwd: directory ?? folders.cwd, env: all, stdout, stderr })
    return this.#watch(supervised, LOOK_SELDOM_MS)
  }

  async #startApart(program: ToolProgram, folders: ProgramFolders, isolation: Isolation): Promise<RunningProgram> {
    const { supervisor, keep, limits } = this.#parts
    const { cwd, tmp, writable } = folders
    const { argv, env, told, directory } = factsOf(program, folders)
    const enter = this.#enter()
    const rlimits = { nofile: limits.nofile, fsize: limits.bytes }
    const words = wrap({ argv, isolation, folder: cwd, writable, rlimits, enter, directory, env })
    const user = isolation.how === 'user' ? isolation.user : undefined
    const { stdout, stderr } = program
    const line = this.#lineOf(program, argv, isolation)
    if (!this.#parts.audit.write({ ...line, event: 'start' })) {
      throw new BakError('io', `${program.tool}: not started, because the audit of this peer cannot be written`)
    }
    const isSandbox = isolation.how === 'sandbox'
    const all = { ...chosenEnvironment({ home: cwd, tmp, user, keep }), ...told }
    const supervised = await supervisor.spawn({ argv: words, cwd, env: all, stdout, stderr, isSandbox })
    const running = this.#watch(supervised, LOOK_EVERY_MS)
    void running.exited.then(({ exit, signal }) => {
      const { pid } = running
      this.#parts.audit.write({ ...line, at: Date.now(), event: 'end', pid, exit, signal, why: running.reason() })
    })
    return running
  }

  /** Within the budget of the disk, and with the reason if it is ended here. */
  #watch(started: Supervised, every: number): RunningProgram {
    let reason: string | undefined
    const program = { ...started, reason: () => reason, collect: async () => [] }
    const end = (why: string) => {
      reason ??= why
      void program.stop({ grace: 0 })
    }
    this.#running.add(end)
    if (!this.#init.isOwn) this.#budget.start(every)
    void program.exited.then(() => this.#running.delete(end))
    return program
  }

  /** Ends what runs, for a reason that its tools name. */
  endAll(why: string): void {
    for (const end of this.#running) end(why)
    for (const each of this.#cgroups.values()) void each?.kill()
  }

  async end(): Promise<void> {
    this.#budget.stop()
    const groups = [...this.#cgroups.values()]
    this.#cgroups.clear()
    for (const each of groups) {
      await each?.remove()
      if (each != null) this.#parts.supervisor.forgetCgroup(each.folders)
    }
  }

  /** @throws {BakError} `not-allowed` */
  #isolation({ tool }: ToolProgram, treatment: Treatment): Isolation {
    if (treatment !== 'apart') return treatment === 'owner' ? TYPED : PRIVILEGED
    const { isolation } = this.#parts
    if ('why' in isolation) throw new BakError('not-allowed', `${tool}: ${isolationInWords(isolation)}`)
    return isolation
  }

  /** @returns the files by which a program enters the cgroup of the run; what the owner typed has one without limits */
  #enter(isTyped = false): string[] {
    const { cgroups, supervisor } = this.#parts
    const name = isTyped ? `${this.#init.run}-own` : this.#init.run
    if (!this.#cgroups.has(name)) {
      const made = cgroups.create(name, !isTyped)
      this.#cgroups.set(name, made)
      if (made != null) supervisor.watchCgroup(made.folders)
    }
    return this.#cgroups.get(name)?.enter ?? []
  }

  #lineOf({ tool }: ToolProgram, argv: string[], isolation: Isolation): Omit<AuditLine, 'event'> {
    const { run, by } = this.#init
    const digest = digestOf(Buffer.from(argv.join('\0')))
    const as = isolation === PRIVILEGED ? 'as the daemon, which allow.privileged names' : isolationInWords(isolation)
    const shown = argv
      .slice(0, MAX_ARGV_WORDS)
      .map(word => (word.length > MAX_WORD ? `${word.slice(0, MAX_WORD)}...` : word))
    return {
      at: Date.now(),
      by,
      run,
      tool,
      argv: shown,
      digest,
      as: as.replace(/^programs of others run /, '')
    }
  }
}

/** A workload knows its words, and what it is told of the run, when its places are there. */
function factsOf({ argv, work, beside }: ToolProgram, { prepared }: ProgramFolders) {
  return {
    argv: prepared?.argv ?? argv,
    env: work?.env ?? beside?.env ?? {},
    told: prepared?.env ?? beside?.told ?? {},
    directory: work?.directory ?? beside?.directory
  }
}
