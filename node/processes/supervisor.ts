/**
 * Runs programs so that no process of them is ever left behind: each has a process group of its own, which is stopped as a
 * whole. A guard kills the groups if the daemon dies, and a ledger lets the next daemon kill what is left even then.
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { ifPossible } from '../if-possible.ts'
import { onAbort } from '../wait.ts'
import { Guard } from './guard.ts'
import { type Exit, type Launched, launch, type Program } from './launch.ts'
import { ProcessLedger } from './ledger.ts'
import { groupOfChild, inspect, isAlive, isGoneWithin, membersOf, signalGroup } from './process-group.ts'

export type { Exit, Program } from './launch.ts'
export { sweep } from './ledger.ts'

export interface StopOptions {
  /** Sent first; SIGTERM by default. */
  signal?: NodeJS.Signals
  /** Ms that the group may take before it is killed; 3000 by default. */
  grace?: number
}

export interface Supervised extends Launched {
  /** @returns the process group of the program itself, which in a sandbox is one of its own */
  group(): number
  /** Signals the group, waits, kills what is left of it, also children of the program. Never rejects. */
  stop(options?: StopOptions): Promise<Exit>
}

const STOP_GRACE_MS = 3_000
/** After this a killed group is given up: a process that hangs in the kernel must not hang a phase. */
const KILL_TIMEOUT_MS = 5_000
/** Between two checks of a group that has outlived its leader. */
const STRAY_CHECK_MS = 1_000

/** A group that may have living processes. */
interface Running extends Supervised {
  /** Start of its leader, which tells it from a later process with the same pid. */
  leaderStarted: string | undefined
}

interface Spawn extends Program {
  signal?: AbortSignal
  /** Its only child leads the group of the program, and ends with it. */
  isSandbox?: boolean
  /** Files into which its id is written as soon as it is there: what it starts afterwards is in these cgroups, too. */
  enter?: string[]
}

export class Supervisor {
  readonly #ledger: ProcessLedger
  readonly #guard = new Guard()
  /** By process group; no other group is ever signalled. */
  readonly #running = new Map<number, Running>()
  readonly #cgroups = new Set<string>()
  #closed = false

  /** @param init.ledger path of the file that `sweep` reads after a crash, in an existing folder */
  constructor(init: { ledger: string }) {
    this.#ledger = new ProcessLedger(init.ledger)
  }

  /** Undefined before the first program and while a guard is replaced. */
  get guardPid(): number | undefined {
    return this.#guard.pid
  }

  /**
   * Starts a program; an abort of the signal stops it, during the start and later.
   * @throws {BakError} `tool-unavailable` if there is no such program, `io` if a file or folder is missing, `state` if closed
   */
  async spawn({ signal, isSandbox = false, enter = [], ...program }: Spawn): Promise<Supervised> {
    if (signal?.aborted) throw asBakError(signal.reason)
    if (this.#closed) throw new BakError('state', `${program.argv[0]}: the supervisor is closed`)
    const launched = await launch(program, group => {
      for (const file of enter) enterCgroup(file, group)
      this.#register(group)
    })
    const stop = (options?: StopOptions) => this.#stop(running, options)
    const group = () => (isSandbox ? (groupOfChild(launched.pid) ?? launched.pid) : launched.pid)
    const running: Running = { ...launched, stop, group, leaderStarted: inspect(launched.pid)?.started }
    this.#running.set(launched.pid, running)
    launched.exited.then(() => this.#forgetIfGone(running))
    if (signal != null) void running.exited.then(onAbort(signal, () => void stop()))
    return running
  }

  /** The folders of a cgroup: all in the first is killed if the daemon dies. */
  watchCgroup(folders: string[]): void {
    for (const folder of folders) this.#cgroups.add(folder)
    this.#keepCgroups()
    if (isWatchable(folders[0])) this.#guard.watch(folders[0])
  }

  forgetCgroup(folders: string[]): void {
    for (const folder of folders) this.#cgroups.delete(folder)
    this.#keepCgroups()
    if (isWatchable(folders[0])) this.#guard.forget(folders[0])
  }

  /** On a full disk the guard still watches them. */
  #keepCgroups(): void {
    ifPossible(() => this.#ledger.putCgroups([...this.#cgroups]))
  }

  /** Stops everything that runs. Never rejects. */
  async stopAll(options: StopOptions = {}): Promise<void> {
    await Promise.all([...this.#running.values()].map(each => each.stop(options)))
  }

  /** Stops everything, then the guard; no program can be spawned afterwards. */
  async close(options: StopOptions = {}): Promise<void> {
    this.#closed = true
    await this.stopAll(options)
    await this.#guard.close()
  }

  /** A group that cannot be recorded, for example on a full disk, is killed. */
  #register(group: number): void {
    this.#guard.watch(group)
    try {
      this.#ledger.put(
        group,
        [inspect(group)].filter(facts => facts != null)
      )
    } catch (error) {
      signalGroup(group, 'SIGKILL')
      this.#forget(group)
      throw error
    }
  }

  #forget(group: number): void {
    this.#running.delete(group)
    this.#guard.forget(group)
    this.#ledger.delete(group)
  }

  async #stop(running: Running, { signal = 'SIGTERM', grace = STOP_GRACE_MS }: StopOptions = {}): Promise<Exit> {
    const { pid, exited } = running
    const began = performance.now()
    if (!this.#isCurrent(running)) return exited
    // a sandbox that got the signal itself would end before the program could
    signalGroup(running.group(), signal)
    if (!(await hasEnded(running, grace))) {
      signalGroup(pid, 'SIGKILL')
      await hasEnded(running, KILL_TIMEOUT_MS)
    }
    this.#forgetIfGone(running)
    const unkillable: Exit = { signal: 'SIGKILL', duration: performance.now() - began }
    return Promise.race([exited, sleep(0, unkillable)])
  }

  /** Forgets an empty group. A group that has outlived its leader is kept, and recorded by its present processes. */
  #forgetIfGone(running: Running): void {
    const { pid } = running
    if (!this.#isCurrent(running)) return
    if (!isAlive(pid)) return this.#forget(pid)
    // on a full disk the guard still watches them
    ifPossible(() => this.#ledger.put(pid, membersOf(pid)))
    setTimeout(() => this.#forgetIfGone(running), STRAY_CHECK_MS).unref()
  }

  /** @returns false if the group is gone, also if another process has its number now */
  #isCurrent({ pid, leaderStarted }: Running): boolean {
    if (this.#running.get(pid)?.leaderStarted !== leaderStarted) return false
    const leader = inspect(pid)
    if (leader == null || leader.started === leaderStarted) return true
    this.#forget(pid)
    return false
  }
}

/** Best effort: it is in a process group of its own, too. */
function enterCgroup(file: string, pid: number): void {
  // only a file of the kernel: it is never made
  ifPossible(() => writeFileSync(file, `${pid}`, { flag: 'r+' }))
}

const isWatchable = (folder: string | undefined): folder is `/${string}` => /^\/\S*$/.test(folder ?? '')

/** @returns false if the program or a process of its group is alive after `timeout` ms */
async function hasEnded({ pid, exited }: Supervised, timeout: number): Promise<boolean> {
  const deadline = performance.now() + timeout
  const timer = new AbortController()
  const timedOut = sleep(timeout, false, { signal: timer.signal }).catch(() => false)
  const inTime = await Promise.race([exited.then(() => true), timedOut])
  timer.abort()
  return inTime && isGoneWithin(pid, deadline - performance.now())
}
