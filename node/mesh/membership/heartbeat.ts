/** Says what this peer says of itself: often while it joins, as topics are still being grafted, at each change, and on and on. */

/** A change is told this much later, together with what else changes by then, ms. */
const COALESCE = 50
const REPEATS = [300, 1_000, 3_000]
/** Ms for each member, at least and at most: the more there are the less each says, or a large mesh would never be still. */
const STEADY = { each: 10_000, least: 60_000, most: 900_000 }
/** A peer that rests says it at least this often, ms: after an hour libp2p forgets how to reach it. */
const RESTING = 1_800_000
/** All that have rested say it within this, ms. */
const AFTER_REST = 30_000

/** @returns ms between two announcements of a peer that has nothing new to say, in a mesh of so many */
export const steadyOf = (members: number): number =>
  Math.min(STEADY.most, Math.max(STEADY.least, STEADY.each * members))

export interface HeartbeatInit {
  /** Tells the mesh the record of this version. */
  say(version: number): void
  /** Of the mesh, this peer too. */
  members(): number
  /** Whether what has no reason may wait. */
  rests(): boolean
  /** Called each time that it is said anew without a reason. */
  onSteady(): void
}

export class Heartbeat {
  readonly #init: HeartbeatInit
  readonly #now: () => number
  readonly #timers = new Set<NodeJS.Timeout>()
  #version = 0
  /** When it was said last, on a clock that never goes back, ms. */
  #said = 0
  #pending: NodeJS.Timeout | undefined
  #running = false

  /** @param now ms, of a clock that never goes back */
  constructor(init: HeartbeatInit, now: () => number = () => performance.now()) {
    this.#init = init
    this.#now = now
  }

  get running(): boolean {
    return this.#running
  }

  /** Of the record that was told last. */
  get version(): number {
    return this.#version
  }

  start(): void {
    this.#running = true
    this.now()
    for (const delay of REPEATS) this.#later(delay, () => this.now())
    this.#repeat()
  }

  stop(): void {
    this.#running = false
    for (const timer of this.#timers) clearTimeout(timer)
  }

  now(): void {
    this.#version = Math.max(this.#version + 1, Date.now())
    this.#said = this.#now()
    this.#init.say(this.#version)
  }

  soon(): void {
    if (!this.#running || this.#pending != null) return
    this.#pending = this.#later(COALESCE, () => {
      this.#pending = undefined
      this.now()
    })
  }

  /** An earlier life of this peer said something, and its clock may have been ahead of this one's: what is said now counts. */
  outdo(version: number): void {
    if (!this.#running || version <= this.#version) return
    this.#version = version
    this.now()
  }

  /** What waited is said, if it is due. */
  rested(): void {
    if (!this.#running || this.#now() - this.#said < this.#steady) return
    this.#later(Math.random() * AFTER_REST, () => this.now())
  }

  get #steady(): number {
    return steadyOf(this.#init.members())
  }

  #repeat(): void {
    // give or take a quarter, so that not all speak at once
    this.#later(this.#steady * (0.75 + Math.random() / 2), () => {
      if (!this.#init.rests() || this.#now() - this.#said > RESTING) {
        this.now()
        this.#init.onSteady()
      }
      this.#repeat()
    })
  }

  #later(delay: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#running) act()
    }, delay)
    this.#timers.add(timer.unref())
    return timer
  }
}
