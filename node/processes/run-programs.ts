/** The programs of one run of another peer on this machine: apart from the daemon, in one cgroup, within the owner's limits, on record. */
import { totalmem } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { digestOf } from '../../protocols/digest.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Audit, AuditLine } from './audit.ts'
import type { Cgroups, RunCgroup } from './cgroups.ts'
import { DiskBudget, type DiskLimits, LOOK_EVERY_MS, LOOK_SELDOM_MS } from './disk-budget.ts'
import { chosenEnvironment } from './environment.ts'
import { type Isolation, isolationInWords, wrap } from './isolation.ts'
import { processesOf } from './process-group.ts'
import { type ProgramOfRun, type Programs, plainPrograms, type RunningProgram } from './programs.ts'
import type { Supervisor } from './supervisor.ts'
import type { WorkFolders } from './work-folders.ts'

/** Of a program in a line of the audit: words, and characters of each. */
const MAX_ARGV_WORDS = 32
const MAX_WORD = 200
/** As the daemon, on the owner's word. */
const PRIVILEGED: Isolation = { how: 'owner', limit: false }

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

/** `owner` is a program that the owner of this machine typed; a `privileged` one is on record and in the cgroup of its run. */
export type Treatment = 'apart' | 'privileged' | 'owner'

export interface RunProgramsInit {
  run: string
  /** Its controller. */
  by: string
  /** It is a run of this peer, whose owner has no limits. */
  isOwn: boolean
  /** Where all is that its programs write, beside working folders. */
  data: string
  /** How a program that the run brings is treated. */
  treatmentOf(program: ProgramOfRun): Promise<Treatment>
}

/** Where a program works, and what follows from how it is kept apart. */
interface Place {
  cwd: string
  tmp?: string
  user?: string
  collect(): Promise<string[]>
  /** Instead of `collect`, for a program that did not start. */
  discard(): void
}

export class RunPrograms implements Programs {
  readonly #parts: RunProgramsParts
  readonly #init: RunProgramsInit
  readonly #running = new Map<RunningProgram, (why: string) => void>()
  /** Of programs whose files have not been collected. */
  readonly #folders = new Set<string>()
  readonly #workFolders = new Set<string>()
  readonly #budget: DiskBudget
  #cgroup: RunCgroup | undefined
  /** Why no more program is started. */
  #over: string | undefined

  constructor(parts: RunProgramsParts, init: RunProgramsInit) {
    this.#parts = parts
    this.#init = init
    this.#budget = new DiskBudget({
      limits: parts.limits,
      folders: () => [init.data, ...this.#workFolders],
      processes: () => this.#processes(),
      onExceeded: why => this.endAll(why)
    })
  }

  async spawn(program: ProgramOfRun): Promise<RunningProgram> {
    const { supervisor, keep } = this.#parts
    const treatment = program.brought == null ? 'owner' : await this.#init.treatmentOf(program)
    this.#refuseLate(program)
    const started =
      treatment === 'owner'
        ? this.#watch(await plainPrograms(supervisor, keep).spawn(program), LOOK_SELDOM_MS)
        : await this.#spawnGuarded(
            program,
            withRead(treatment === 'privileged' ? PRIVILEGED : this.#isolation(program), program.reads)
          )
    // the run may have ended while it was started
    if (this.#over != null) this.#running.get(started)?.(this.#over)
    return started
  }

  async #spawnGuarded(program: ProgramOfRun, isolation: Isolation): Promise<RunningProgram> {
    const { supervisor, keep, limits, audit } = this.#parts
    const line = this.#lineOf(program, isolation)
    if (!audit.write({ ...line, event: 'start' })) {
      throw new BakError('io', `${program.name}: not started, because the audit of this peer cannot be written`)
    }
    const writeEnd = (facts: Partial<AuditLine>) => audit.write({ ...line, at: Date.now(), event: 'end', ...facts })
    let place: Place | undefined
    try {
      place = this.#alone(program, () => this.#placeFor(isolation, program))
      const { cwd, tmp, user, collect } = place
      const enter = this.#enter()
      const rlimits = {
        nofile: limits.nofile,
        fsize: limits.bytes,
        tmpfs: Math.min(limits.bytes ?? Infinity, totalmem() / 2)
      }
      const argv = wrap({ argv: program.argv, isolation, folder: cwd, rlimits, enter })
      const env = chosenEnvironment({ home: cwd, tmp, user, keep })
      const { stdout, stderr } = program
      const isSandbox = isolation.how === 'sandbox'
      const supervised = await supervisor.spawn({ argv, cwd, env, stdout, stderr, isSandbox })
      const running = this.#watch({ ...supervised, reason: () => undefined, collect }, LOOK_EVERY_MS)
      const { pid } = running
      void running.exited.then(({ exit, signal }) => writeEnd({ pid, exit, signal, why: running.reason() }))
      return running
    } catch (cause) {
      place?.discard()
      writeEnd({ why: `not started: ${asBakError(cause).message}` })
      throw cause
    }
  }

  /** @throws {BakError} `not-allowed` once the programs of the run were ended */
  #refuseLate({ name }: ProgramOfRun): void {
    if (this.#over != null) throw new BakError('not-allowed', `${name}: not started: ${this.#over}`)
  }

  /** Within the budget of the disk, and with the reason if it is ended here. */
  #watch(started: RunningProgram, every: number): RunningProgram {
    let reason: string | undefined
    const program = { ...started, reason: () => reason }
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
    void this.#cgroup?.kill()
  }

  async end(): Promise<void> {
    this.#over ??= 'the run is over here'
    this.#budget.stop()
    await Promise.all([...this.#running.keys()].map(each => each.stop()))
    const cgroup = this.#cgroup
    this.#cgroup = undefined
    if (cgroup == null) return
    await cgroup.remove()
    this.#parts.supervisor.forgetCgroup(cgroup.folders)
  }

  #processes(): number[] {
    if (this.#cgroup != null) return this.#cgroup.processes()
    return processesOf([...this.#running.keys()].flatMap(each => [each.pid, each.group()]))
  }

  #isolation({ name }: ProgramOfRun): Isolation {
    const { isolation } = this.#parts
    if ('why' in isolation) throw new BakError('not-allowed', `${name}: ${isolationInWords(isolation)}`)
    return isolation
  }

  /** A folder that is made anew for a program would take that of another away. @throws {BakError} `state` */
  #alone({ name, folder }: ProgramOfRun, makePlace: () => Place): Place {
    if (this.#folders.has(folder))
      throw new BakError('state', `${name}: another program of the run works in its folder`)
    const { collect, discard, ...place } = makePlace()
    this.#folders.add(folder)
    const free = <T>(work: () => T) => {
      this.#folders.delete(folder)
      return work()
    }
    return { ...place, collect: () => free(collect), discard: () => free(discard) }
  }

  #placeFor(isolation: Isolation, { folder }: ProgramOfRun): Place {
    const { workFolders } = this.#parts
    const inHome = { cwd: folder, collect: async () => [], discard: () => {} }
    if (isolation.how === 'sandbox') return { ...inHome, tmp: '/tmp' }
    if (isolation.how !== 'user' || workFolders == null) return inHome
    const cwd = workFolders.make(folder)
    const tmp = workFolders.make(join(dirname(folder), `.tmp-${basename(folder)}`))
    this.#workFolders.add(cwd).add(tmp)
    const forget = () => {
      this.#workFolders.delete(cwd)
      this.#workFolders.delete(tmp)
      workFolders.remove(tmp)
    }
    const collect = async () => {
      forget()
      const left = await workFolders.collect(cwd)
      return left.length === 0
        ? []
        : [`left out, as files of another user or of this peer: ${left.join(', ').slice(0, 200)}`]
    }
    const discard = () => {
      forget()
      workFolders.remove(cwd)
    }
    return { cwd, tmp, user: isolation.user, collect, discard }
  }

  /** @returns the files by which a program enters the cgroup of the run */
  #enter(): string[] {
    const { cgroups, supervisor } = this.#parts
    if (this.#cgroup == null) {
      this.#cgroup = cgroups.create(this.#init.run)
      if (this.#cgroup != null) supervisor.watchCgroup(this.#cgroup.folders)
    }
    return this.#cgroup?.enter ?? []
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
