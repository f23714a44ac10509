/** What this daemon has to keep programs of others apart from it: found out once, and used for every run of another peer. */
import { mkdirSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Audit } from './audit.ts'
import { Cgroups } from './cgroups.ts'
import { Containers, runtimeFolderOf } from './containers.ts'
import { hidingFolder, type Isolation, isolationInWords } from './isolation.ts'
import { probeIsolation } from './probe.ts'
import type { Programs } from './programs.ts'
import { RunPrograms, type RunProgramsInit, type RunProgramsParts } from './run-programs.ts'
import { SocketFolder } from './socket-folder.ts'
import type { Supervisor } from './supervisor.ts'
import { keyOfHome, WorkFolders } from './work-folders.ts'

interface RunLimits {
  memory?: number
  pids?: number
  cpu?: number
  io?: number
  bytes?: number
  entries?: number
  nofile?: number
}

interface GuardsInit {
  /** The home, and the folder in it under which runs have theirs. */
  home: string
  work: string
  uid?: number
  supervisor: Supervisor
  audit: Audit
  limits: RunLimits
  allow: {
    workloads: boolean | 'guarded'
    run_as?: string
    network: boolean
    environment: string[]
    paths: boolean | string[]
  }
}

/** A folder, the user that it belongs to where that is another one, and what removes it. */
export interface LentFolder {
  path: string
  owner?: { uid: number; gid: number }
  release(): void
}

export class Guards implements RunProgramsParts {
  readonly isolation: Isolation | { why: string }
  readonly cgroups: Cgroups
  readonly workFolders: WorkFolders | undefined
  readonly containers: Containers
  /** For the calls of workloads. */
  readonly sockets: SocketFolder
  readonly supervisor: Supervisor
  readonly audit: Audit
  readonly limits: RunLimits
  /** Variables of the daemon that programs get. */
  readonly keep: string[]
  /** Whether programs of others may use the network. */
  readonly network: boolean
  /** Those of others. */
  readonly #open = new Set<RunPrograms>()

  private constructor(init: GuardsInit, isolation: Isolation | { why: string }) {
    const { home, work, uid = process.getuid?.(), supervisor, audit, limits, allow } = init
    this.isolation = isolation
    this.supervisor = supervisor
    this.audit = audit
    this.limits = limits
    this.keep = allow.environment
    this.network = allow.network
    this.containers = new Containers({
      ...{ folder: join(home, 'containers'), isRoot: uid === 0 },
      runtime: runtimeFolderOf(keyOfHome(home), uid === 0)
    })
    this.cgroups = new Cgroups({ key: keyOfHome(home), limits, folder: home })
    if ('how' in isolation && isolation.how === 'user') {
      this.workFolders = new WorkFolders({ home, inside: work, owner: isolation })
      const { base } = this.workFolders
      if (/^\/(var\/)?tmp\//.test(base)) isolation.spaces.lacks ??= `their working folders are in ${base}`
    }
    const { root = home } = this.workFolders ?? {}
    this.sockets = new SocketFolder({ root, isPassage: this.workFolders != null })
  }

  /** Probes, and takes up what a daemon that was killed left in working folders. @throws {BakError} `bad-config`, `cannot-create` */
  static async open(init: GuardsInit): Promise<Guards> {
    const { home, uid = process.getuid?.(), allow } = init
    const isolation = await probeIsolation({
      ...{ home, uid, runAs: allow.run_as, network: allow.network },
      mayRunAsOwner: allow.workloads === true,
      shown: Array.isArray(allow.paths) ? allow.paths : []
    })
    const guards = new Guards(init, isolation)
    await guards.workFolders?.recover()
    guards.sockets.clear()
    await guards.containers.clear()
    return guards
  }

  /** @returns what starts the programs of a run; to be ended when none of them is to run any more */
  forRun(init: RunProgramsInit): Programs {
    const programs = new RunPrograms(this, { ...init, onEnd: () => this.#open.delete(programs) })
    if (!init.isOwn) this.#open.add(programs)
    return programs
  }

  /** @returns an empty folder in which programs of a run read what it brings: in the home for those of the owner, and else where they may */
  lend(folder: string, isOwn: boolean): LentFolder {
    const { isolation, workFolders } = this
    if (isOwn || workFolders == null || 'why' in isolation || isolation.how !== 'user') {
      const release = () => rmSync(folder, { recursive: true, force: true })
      release()
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      return { path: folder, release }
    }
    const path = workFolders.make(folder)
    return { path, owner: { uid: isolation.uid, gid: isolation.gid }, release: () => workFolders.remove(path) }
  }

  /** @returns the folder that is replaced for programs of others, in which one of them would not find this folder; undefined where it would */
  hides(folder: string, program: string): string | undefined {
    const { base } = this.workFolders ?? {}
    return hidingFolder(this.isolation, realpathSync(folder), base == null ? [program] : [base, program])
  }

  /** Ends every program that runs for others. */
  endAll(why: string): void {
    for (const programs of this.#open) programs.endAll(why)
  }

  /** For `bak-node status` and the answer to `join`: what holds for programs of others here, and what is absent. */
  inWords(): string[] {
    const { has, lacks } = this.cgroups
    const cgroup =
      has.length === 0 ? 'no cgroup: their processes are ended by group' : `a cgroup for each run: ${has.join(', ')}`
    const spaces = 'how' in this.isolation && this.isolation.how === 'user' ? this.isolation.spaces.lacks : undefined
    const absent = [...lacks, ...(spaces == null ? [] : [`a /tmp of their own: ${spaces}`])]
    return [isolationInWords(this.isolation), absent.length === 0 ? cgroup : `${cgroup}; absent: ${absent.join('; ')}`]
  }
}
