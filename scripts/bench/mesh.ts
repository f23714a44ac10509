/** The mesh that is measured: a controller that is no member, and members that it asks. */
import { freemem } from 'node:os'
import type { MemberView } from '../../protocols/control.ts'
import type { RunEvent } from '../../protocols/events.ts'
import { checkSpec, type RunFile } from '../../protocols/run-file.ts'
import type { Spec } from '../../protocols/spec.ts'
import { Testnet } from '../../testnets/testnet.ts'
import { cpuOfAlone } from './processes.ts'

/** The peer that drives runs, and whom it selects. */
export const DRIVER = 'driver'
const MEMBERS = 'bench=member'
/** A mesh of many on few cores takes its time, ms. */
const LIMIT = 120_000
/** Announcements and new connections are over after this, ms. */
const SETTLE = 3_000
/** MiB that a daemon takes at most, as a bound for how many fit. */
const DAEMON = 130
/** Daemons that start at the same time. */
const AT_ONCE = 4

/** @returns how many members this machine's free memory can hold */
export const membersThatFit = () => Math.floor(freemem() / 2 ** 20 / DAEMON) - 1

/** From and to, µs of the machine's monotonic clock. */
export type Window = [from: number, to: number]

export class Mesh {
  readonly testnet: Testnet
  /** When something was measured, and how often what is measured happened in it: for a profile. */
  readonly looked: { windows: Window[]; times: number } = { windows: [], times: 0 }

  private constructor(testnet: Testnet) {
    this.testnet = testnet
  }

  /** @param env of each daemon */
  static async start(members: number, folder: string, env: Record<string, string> = {}): Promise<Mesh> {
    const labels = (name: string) => ['--label', name === DRIVER ? 'bench=driver' : MEMBERS, '--log', 'error']
    // a whole mesh at once would let each daemon wait for the last
    const mesh = new Mesh(await Testnet.start({ peers: [DRIVER, 'm1'], folder, args: labels, env }))
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

  /** Adds members until there are so many and all know all. */
  async grow(members: number): Promise<void> {
    while (this.members < members) {
      const portion = Math.min(AT_ONCE, members - this.members)
      const names = Array.from({ length: portion }, (_, i) => `m${this.members + 1 + i}`)
      for (const name of names) this.testnet.add(name)
      await Promise.all(names.map(name => this.testnet.startPeer(name)))
    }
    await this.#allSee(seen => seen.filter(({ state }) => state === 'alive').length > members)
    await settle()
  }

  /** Adds one member. @returns ms from its being ready until all know it and it knows all */
  async newcomer(): Promise<number> {
    const name = `m${this.members + 1}`
    this.testnet.add(name)
    await this.testnet.startPeer(name)
    const began = performance.now()
    const all = this.testnet.peers.length
    await this.#allSee(seen => seen.filter(({ state }) => state === 'alive').length >= all)
    const took = performance.now() - began
    await settle()
    return took
  }

  /** Drives a run to its end. @throws unless it ended well */
  async run(wanted: RunFile, onEvent: (event: RunEvent) => void = () => {}): Promise<void> {
    const spec = checkSpec({ on: MEMBERS, expect: this.members, sysinfo: 'none', tools: [], ...wanted }) as Spec
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

  async #allSee(fits: (seen: MemberView[]) => boolean): Promise<void> {
    await Promise.all(this.testnet.peers.map(({ name }) => this.testnet.until(name, fits, LIMIT)))
  }
}

const settle = () => new Promise(resolve => setTimeout(resolve, SETTLE))

/** Processor time of a mesh's daemons between several beginnings and ends. */
export class Spent {
  readonly #mesh: Mesh
  #cpu = 0
  #driver = 0
  #began = 0

  constructor(mesh: Mesh) {
    this.#mesh = mesh
  }

  begin(): void {
    this.#count(-1)
    this.#began = now()
  }

  end(): void {
    this.#mesh.looked.windows.push([this.#began, now()])
    this.#count(1)
  }

  /** @returns ms of all daemons and of the controller's, for each of so many times */
  each(times: number): { cpu: number; driver: number } {
    this.#mesh.looked.times += times
    return { cpu: this.#cpu / times, driver: this.#driver / times }
  }

  #count(sign: number): void {
    const driver = cpuOfAlone([this.#mesh.pidOf(DRIVER)])
    this.#driver += sign * driver
    this.#cpu += sign * (driver + cpuOfAlone(this.#mesh.memberPids))
  }
}

const now = () => Number(process.hrtime.bigint() / 1000n)
