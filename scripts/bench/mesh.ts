/** The mesh that is measured: a controller that takes no part in its runs, and members. */
import { freemem } from 'node:os'
import type { MemberView } from '../../protocols/control.ts'
import type { RunEvent } from '../../protocols/events.ts'
import { checkSpec, type RunFile } from '../../protocols/run-file.ts'
import { Testnet } from '../../testnets/testnet.ts'
import { lendingFiles } from './files.ts'
import { cpuOfAlone } from './processes.ts'

/** The peer that drives runs, and whom it selects. */
export const DRIVER = 'driver'
export const MEMBER_LABEL = 'bench=member'
/** Longest wait until all peers see all: many daemons share few cores. */
const SEEN_TIMEOUT_MS = 120_000
/** A mesh is at rest when its daemons take less than this share of a core each in two windows one after the other. */
const REST_SHARE = 0.01
const REST_WINDOW_MS = 500
const REST_WINDOWS = 2
/** Longest wait for that: it is measured all the same then. */
const REST_TIMEOUT_MS = 15_000
/** Most that a daemon takes, as a bound for how many fit. */
const DAEMON_MIB = 130
/** Daemons that start at the same time: each takes a second of a core, and waits for others meanwhile. */
const MAX_STARTING = 6

/** @returns how many members this machine's free memory can hold */
export const membersThatFit = () => Math.floor(freemem() / 2 ** 20 / DAEMON_MIB) - 1

/** From and to, µs of the machine's monotonic clock. */
export type Window = [from: number, to: number]

export interface Looked {
  windows: Window[]
  times: number
}

export class Mesh {
  readonly testnet: Testnet
  /** When what was measured, and how often it happened in it: for a profile. */
  readonly looked = new Map<string, Looked>()
  /** When the last daemon came, ms on the clock of `performance`. */
  grown = 0

  #named = 1

  private constructor(testnet: Testnet) {
    this.testnet = testnet
  }

  /** @param env of each daemon @param lends whether tools of runs may read files of the bench, and then name no others */
  static async start(
    members: number,
    folder: string,
    { env = {}, lends = false }: { env?: Record<string, string>; lends?: boolean } = {}
  ): Promise<Mesh> {
    const label = (name: string) => (name === DRIVER ? 'bench=driver' : MEMBER_LABEL)
    const args = (name: string) => ['--label', label(name), '--log', 'error', ...(lends ? lendingFiles(folder) : [])]
    // a whole mesh at once would let each daemon wait for the last
    const mesh = new Mesh(await Testnet.start({ peers: [DRIVER, 'm1'], folder, args, env }))
    try {
      await mesh.grow(members)
      return mesh
    } catch (error) {
      await mesh.stop()
      throw error
    }
  }

  get members(): number {
    return this.testnet.peers.length - 1
  }

  get pids(): number[] {
    return this.testnet.peers.flatMap(({ child }) => (child?.pid == null ? [] : [child.pid]))
  }

  get memberPids(): number[] {
    const driver = this.pidOf(DRIVER)
    return this.pids.filter(pid => pid !== driver)
  }

  pidOf(name: string): number {
    return this.testnet.peer(name).child?.pid as number
  }

  /**
   * Adds members until there are so many, or nobody new is begun because it is `until`; and all know all.
   * @param until ms on the clock of `performance`
   */
  async grow(members: number, until = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.members >= members) return
    let failed = false
    const starter = async () => {
      while (!failed && this.members < members && performance.now() < until) {
        await this.testnet.startPeer(this.#next()).catch(error => {
          failed = true
          throw error
        })
      }
    }
    // what has begun ends before a failure is told: whoever then stops the mesh stops all of it
    const ends = await Promise.allSettled(Array.from({ length: MAX_STARTING }, starter))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    await this.#allSeeAll()
  }

  /** Lets the latest members go, in order, until there are so many. */
  async shrink(members: number): Promise<void> {
    const gone = this.testnet.peers.splice(members + 1)
    if (gone.length === 0) return
    await Promise.all(gone.map(peer => this.testnet.end(peer)))
    await this.#allSeeAll()
  }

  /** Notes for a profile that something is being measured. @param times that it happened in the window */
  look(what: string, window: Window, times: number): void {
    const { windows, times: before } = this.looked.get(what) ?? { windows: [], times: 0 }
    this.looked.set(what, { windows: [...windows, window], times: before + times })
  }

  #next(): string {
    // no name twice: a home that was used is another peer's
    const name = `m${++this.#named}`
    this.testnet.add(name)
    return name
  }

  /** Drives a run to its end. @throws unless it ended well */
  async run(wanted: RunFile, onEvent: (event: RunEvent) => void = () => {}): Promise<void> {
    const spec = checkSpec({ on: MEMBER_LABEL, expect: this.members, sysinfo: 'none', tools: [], ...wanted })
    const request = { spec, directory: this.testnet.folder, env: { PATH: process.env.PATH ?? '' } }
    for await (const event of this.testnet.call(DRIVER, 'run', request)) {
      if (!('type' in event)) continue
      onEvent(event)
      if (event.type === 'ended' && event.verdict !== 'ok') {
        throw new Error(`a run of bak ended ${event.verdict}: ${event.reason}`)
      }
    }
  }

  async stop(): Promise<void> {
    await this.testnet.stop()
  }

  async #allSeeAll(): Promise<void> {
    const all = this.testnet.peers.length
    const fits = (seen: MemberView[]) => seen.filter(({ state }) => state === 'alive').length === all
    await Promise.all(this.testnet.peers.map(({ name }) => this.testnet.until(name, fits, SEEN_TIMEOUT_MS)))
    this.grown = performance.now()
    await this.#settle()
  }

  /** Until announcements and new connections are over. */
  async #settle(): Promise<void> {
    const until = performance.now() + REST_TIMEOUT_MS
    for (let resting = 0; resting < REST_WINDOWS && performance.now() < until; ) {
      const [began, before] = [performance.now(), cpuOfAlone(this.pids)]
      await new Promise(resolve => setTimeout(resolve, REST_WINDOW_MS))
      const share = (cpuOfAlone(this.pids) - before) / (performance.now() - began) / this.pids.length
      resting = share < REST_SHARE ? resting + 1 : 0
    }
  }
}

/** Processor time of a mesh's daemons between several beginnings and ends. */
export class Spent {
  readonly #mesh: Mesh
  readonly #what: string
  #cpu = 0
  #driver = 0
  #began = 0

  /** @param what is measured, as a profile calls it */
  constructor(mesh: Mesh, what: string) {
    this.#mesh = mesh
    this.#what = what
  }

  begin(): void {
    this.#count(-1)
    this.#began = now()
  }

  /** @param times that it happened since the beginning */
  end(times = 1): void {
    this.#mesh.look(this.#what, [this.#began, now()], times)
    this.#count(1)
  }

  /** @returns ms of all daemons and of the controller's, for each of so many times */
  each(times: number): { cpu: number; driver: number } {
    return { cpu: this.#cpu / times, driver: this.#driver / times }
  }

  #count(sign: number): void {
    const driver = cpuOfAlone([this.#mesh.pidOf(DRIVER)])
    this.#driver += sign * driver
    this.#cpu += sign * (driver + cpuOfAlone(this.#mesh.memberPids))
  }
}

/** µs, as a profile counts them. */
export const now = () => Number(process.hrtime.bigint() / 1000n)
