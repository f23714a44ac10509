/** The programs of one run of another peer on this machine: apart from the daemon, in one cgroup, within the owner's limits, on record. */
import { basename, dirname, join } from 'node:path'
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Audit, AuditLine } from './audit.ts'
import type { Cgroups, RunCgroup } from './cgroups.ts'
import { DiskBudget, type DiskLimits, LOOK_EVERY_MS, LOOK_SELDOM_MS } from './disk-budget.ts'
import { chosenEnvironment } from './environment.ts'
import { type Isolation, isolationInWords, wrap } from './isolation.ts'
import { type Programs, plainPrograms, type RunningProgram, type ToolProgram } from './programs.ts'
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
  /** Variables of the daemon that tools get. */
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
  /** Where all that its tools write is, beside working folders. */
  data: string
  /** How a program that the run brings is treated. */
  treatmentOf(tool: string, argv: string[]): Promise<Treatment>
}

export class RunPrograms implements Programs {
  readonly #parts: RunProgramsParts
  readonly #init: RunProgramsInit
  readonly #running = new Set<(why: string) => void>()
  readonly #workFolders = new Set<string>()
  readonly #budget: DiskBudget
  #cgroup: RunCgroup | undefined

  constructor(parts: RunProgramsParts, init: RunProgramsInit) {
    this.#parts = parts
    this.#init = init
    this.#budget = new DiskBudget({
      limits: parts.limits,
      folders: () => [init.data, ...this.#workFolders],
      onExceeded: why => this.endAll(why)
    })
  }

  async spawn(tool: ToolProgram): Promise<RunningProgram> {
    const { supervisor, keep, limits } = this.#parts
    const treatment = tool.isBrought ? await this.#init.treatmentOf(tool.tool, tool.argv) : 'owner'
    if (treatment === 'owner') return this.#watch(await plainPrograms(supervisor, keep).spawn(tool), LOOK_SELDOM_MS)
    const isolation = treatment === 'privileged' ? PRIVILEGED : this.#isolation(tool)
    const { cwd, tmp, user, collect } = this.#folderFor(isolation, tool)
    const enter = this.#enter()
    const rlimits = { nofile: limits.nofile, fsize: limits.bytes }
    const argv = wrap({ argv: tool.argv, isolation, folder: cwd, rlimits, enter })
    const env = chosenEnvironment({ home: cwd, tmp, user, keep })
    const { stdout, stderr } = tool
    const line = this.#lineOf(tool, isolation)
    if (!this.#parts.audit.write({ ...line, event: 'start' })) {
      throw new BakError('io', `${tool.tool}: not started, because the audit of this peer cannot be written`)
    }
    const isSandbox = isolation.how === 'sandbox'
    const supervised = await supervisor.spawn({ argv, cwd, env, stdout, stderr, isSandbox })
    const program = this.#watch({ ...supervised, reason: () => undefined, collect }, LOOK_EVERY_MS)
    void program.exited.then(({ exit, signal }) => {
      const { pid } = program
      this.#parts.audit.write({ ...line, at: Date.now(), event: 'end', pid, exit, signal, why: program.reason() })
    })
    return program
  }

  /** Within the budget of the disk, and with the reason if it is ended here. */
  #watch(started: RunningProgram, every: number): RunningProgram {
    let reason: string | undefined
    const program = { ...started, reason: () => reason }
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
    void this.#cgroup?.kill()
  }

  async end(): Promise<void> {
    this.#budget.stop()
    const cgroup = this.#cgroup
    this.#cgroup = undefined
    if (cgroup == null) return
    await cgroup.remove()
    this.#parts.supervisor.forgetCgroup(cgroup.folders)
  }

  #isolation({ tool }: ToolProgram): Isolation {
    const { isolation } = this.#parts
    if ('why' in isolation) throw new BakError('not-allowed', `${tool}: ${isolationInWords(isolation)}`)
    return isolation
  }

  #folderFor(isolation: Isolation, { folder }: ToolProgram) {
    const { workFolders } = this.#parts
    if (isolation.how === 'sandbox') return { cwd: folder, tmp: '/tmp', collect: async () => [] }
    if (isolation.how !== 'user' || workFolders == null) return { cwd: folder, collect: async () => [] }
    const cwd = workFolders.make(folder)
    const tmp = workFolders.make(join(dirname(folder), `.tmp-${basename(folder)}`))
    this.#workFolders.add(cwd).add(tmp)
    const collect = async () => {
      this.#workFolders.delete(cwd)
      this.#workFolders.delete(tmp)
      workFolders.remove(tmp)
      const left = await workFolders.collect(cwd)
      return left.length === 0
        ? []
        : [`left out, as files of another user or of this peer: ${left.join(', ').slice(0, 200)}`]
    }
    return { cwd, tmp, user: isolation.user, collect }
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

  #lineOf({ tool, argv }: ToolProgram, isolation: Isolation): Omit<AuditLine, 'event'> {
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
