/**
 * Decides when this peer announces its record: often after the start, while topics are still being grafted, at each change, and then
 * periodically.
 */
import { Timers } from '../../timers.ts'

/** Changes within this time are announced together. */
const COALESCE_MS = 50
/** Announcements after the first one at the start. */
const START_DELAYS_MS = [300, 1_000, 3_000]
/** The period grows with the mesh, so that a large one is not busy with announcements. */
const PERIOD_PER_MEMBER_MS = 10_000
const MIN_PERIOD_MS = 60_000
const MAX_PERIOD_MS = 900_000
/** Longest time between announcements in low-noise mode: libp2p forgets the addresses of a peer after an hour. */
const MAX_POSTPONED_MS = 1_800_000
/** Postponed announcements are spread over this time, since a run ends on all members at once. */
const CATCH_UP_SPREAD_MS = 30_000

/** @returns ms between two announcements of a peer without changes, in a mesh of so many members */
export const heartbeatPeriodOf = (members: number): number =>
  Math.min(MAX_PERIOD_MS, Math.max(MIN_PERIOD_MS, PERIOD_PER_MEMBER_MS * members))

export interface HeartbeatInit {
  /** Publishes this peer's record with this version. */
  publish(version: number): void
  /** @returns the number of members in the mesh, this peer included */
  members(): number
  /** True while periodic announcements may be postponed. */
  mayPostpone(): boolean
  /** Called after each periodic announcement. */
  onPeriod(): void
}

export class Heartbeat {
  readonly #init: HeartbeatInit
  readonly #now: () => number
  readonly #timers = new Timers()
  #version = 0
  /** Monotonic ms. */
  #announcedAt = 0
  #isPending = false
  #running = false

  /** @param now ms, of a monotonic clock */
  constructor(init: HeartbeatInit, now: () => number = () => performance.now()) {
    this.#init = init
    this.#now = now
  }

  /** The version that was announced last. */
  get version(): number {
    return this.#version
  }

  start(): void {
    this.#running = true
    this.announce()
    for (const delay of START_DELAYS_MS) this.#timers.after(delay, () => this.announce())
    this.#repeat()
  }

  stop(): void {
    this.#running = false
    this.#timers.clear()
  }

  announce(): void {
    this.#version = Math.max(this.#version + 1, Date.now())
    this.#announcedAt = this.#now()
    this.#init.publish(this.#version)
  }

  /** Announces a change, together with other changes of the moment. */
  announceSoon(): void {
    if (!this.#running || this.#isPending) return
    this.#isPending = true
    this.#timers.after(COALESCE_MS, () => {
      this.#isPending = false
      this.announce()
    })
  }

  /** An earlier life of this peer has announced a version ahead of this clock: announces a higher one, which wins. */
  outbid(version: number): void {
    if (!this.#running || version <= this.#version) return
    this.#version = version
    this.announce()
  }

  /** Low-noise mode is over: makes up for a postponed announcement. */
  catchUp(): void {
    if (!this.#running || this.#now() - this.#announcedAt < this.#period) return
    this.#timers.after(Math.random() * CATCH_UP_SPREAD_MS, () => this.announce())
  }

  get #period(): number {
    return heartbeatPeriodOf(this.#init.members())
  }

  #repeat(): void {
    // plus or minus a quarter, so that members do not announce themselves all at once
    this.#timers.after(this.#period * (0.75 + Math.random() / 2), () => {
      if (!this.#init.mayPostpone() || this.#now() - this.#announcedAt > MAX_POSTPONED_MS) {
        this.announce()
        this.#init.onPeriod()
      }
      this.#repeat()
    })
  }
}
