/**
 * Runs programs so that nothing of them is ever left: each in a process group of its own, which is stopped as a whole. A
 * guard ends the groups if the daemon dies, and a ledger lets the next daemon end what escaped even the guard.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { Guard } from './guard.ts'
import { type Exit, type Launched, launch, now, type Program } from './launch.ts'
import { ProcessLedger } from './ledger.ts'
import { inspect, isAlive, isGoneWithin, membersOf, signalGroup } from './process-group.ts'

export type { Exit, Program } from './launch.ts'
export { sweep } from './ledger.ts'

export interface StopOptions {
  /** What the group is asked with; default SIGTERM. */
  signal?: NodeJS.Signals
  /** How long the group may take before it is killed, in ms; default 3000. */
  grace?: number
}

export interface Supervised extends Launched {
  /** Asks the group, waits, kills what is left of it, the program's children too. Never rejects. */
  stop(options?: StopOptions): Promise<Exit>
}

const GRACE = 3_000
/** How long a killed group is waited for, in ms: a program that hangs in the kernel hangs no phase. */
const KILL_WAIT = 5_000
/** How often a group that has outlived its leader is looked at, in ms. */
const STRAY_CHECK = 1_000

/** A group that may have living members, and by what its leader is told from another process with its number. */
interface Running extends Supervised {
  birth: string | undefined
}

export class Supervisor {
  readonly #ledger: ProcessLedger
  readonly #guard = new Guard()
  /** What is not here is never signalled. */
  readonly #running = new Map<number, Running>()
  #closed = false

  /** @param init.ledger path of the file that `sweep` reads after a crash; its folder exists */
  constructor(init: { ledger: string }) {
    this.#ledger = new ProcessLedger(init.ledger)
  }

  /** The guard's process, once there is one. */
  get guardPid(): number | undefined {
    return this.#guard.pid
  }

  /**
   * Starts a program; an abort of the signal stops it, then and later.
   * @throws {BakError} `tool-unavailable` if there is no such program, `io` if a file or folder is missing
   */
  async spawn({ signal, ...program }: Program & { signal?: AbortSignal }): Promise<Supervised> {
    if (signal?.aborted) throw asBakError(signal.reason)
    if (this.#closed) throw new BakError('state', `${program.argv[0]}: the supervisor is closed`)
    const launched = await launch(program, group => this.#enter(group))
    const stop = (options?: StopOptions) => this.#stop(running, options)
    const running: Running = { ...launched, stop, birth: inspect(launched.pid)?.started }
    this.#running.set(launched.pid, running)
    launched.exited.then(() => this.#release(running))
    if (signal != null) stopOnAbort(running, signal)
    return running
  }

  /** Stops everything that runs. Never rejects. */
  async stopAll(options: StopOptions = {}): Promise<void> {
    await Promise.all([...this.#running.values()].map(each => each.stop(options)))
  }

  /** Stops everything and lets the guard go; nothing can be spawned after. */
  async close(options: StopOptions = {}): Promise<void> {
    this.#closed = true
    await this.stopAll(options)
    await this.#guard.close()
  }

  /** A group that cannot be written down, as on a full disk, may not run. */
  #enter(group: number): void {
    this.#guard.watch(group)
    try {
      this.#ledger.enter(
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
    this.#ledger.strike(group)
  }

  async #stop(running: Running, { signal = 'SIGTERM', grace = GRACE }: StopOptions = {}): Promise<Exit> {
    const { pid, started, exited } = running
    if (!this.#holds(running)) return exited
    signalGroup(pid, signal)
    if (!(await hasEnded(running, grace))) {
      signalGroup(pid, 'SIGKILL')
      await hasEnded(running, KILL_WAIT)
    }
    this.#release(running)
    const unkillable: Exit = { signal: 'SIGKILL', duration: now() - started }
    return Promise.race([exited, sleep(0, unkillable)])
  }

  /** Lets a group go that is empty. One that has outlived its leader is kept, and known by its members from now on. */
  #release(running: Running): void {
    const { pid } = running
    if (!this.#holds(running)) return
    if (!isAlive(pid)) return this.#forget(pid)
    try {
      this.#ledger.enter(pid, membersOf(pid))
    } catch {
      // a full disk costs the second net only: the guard still watches them
    }
    setTimeout(() => this.#release(running), STRAY_CHECK).unref()
  }

  /** @returns false if the group is gone, also when another process has its number now */
  #holds({ pid, birth }: Running): boolean {
    if (this.#running.get(pid)?.birth !== birth) return false
    const leader = inspect(pid)
    if (leader == null || leader.started === birth) return true
    this.#forget(pid)
    return false
  }
}

function stopOnAbort(supervised: Supervised, signal: AbortSignal): void {
  const stop = () => supervised.stop()
  if (signal.aborted) return void stop()
  signal.addEventListener('abort', stop, { once: true })
  supervised.exited.then(() => signal.removeEventListener('abort', stop))
}

/** @returns false if the program or one of its group lives on after `limit` ms */
async function hasEnded({ pid, exited }: Supervised, limit: number): Promise<boolean> {
  const deadline = performance.now() + limit
  const timer = new AbortController()
  const late = sleep(limit, false, { signal: timer.signal }).catch(() => false)
  const inTime = await Promise.race([exited.then(() => true), late])
  timer.abort()
  return inTime && isGoneWithin(pid, deadline - performance.now())
}
