/**
 * How far ahead the agreed instant of `start` must lie, so that all have heard of it by then: as long as a command took to reach the
 * slowest member in the last few phases, and some more. So one `start` that came too late makes the next margin longer at once.
 */
import { CLOCK_MAX_AGE_MS, turnsDuration } from '../clock/schedule.ts'
import { clockSteps } from '../now.ts'

/** Shortest and longest margin, ms. */
const MARGIN = { least: 30, most: 2_000 }
/** Latest phases that count. */
const MAX_PHASES = 8
/** No command takes longer, ms. */
const MAX_REACHED_MS = 60_000
/** A client that begins this much after its instant is late, ms: timers are not more exact. */
const LATE_MS = 2
/** Added to the delay of the slowest member: a part of the delay, and a constant. */
const SPARE = { part: 0.25, ms: 15 }

/**
 * Time for what tools do before the instant, ms: at first as much as it takes on a machine that is half as fast as most; then what the slowest
 * member took, and so much more; a slow one is forgotten after some samples.
 */
const BEFORE = { first: 600, least: 300, most: 2_000, factor: 1.5, memory: 0.8 }

/**
 * Time in which drivers open their clients before the instant at which these begin, ms: at first for threads that have made no request yet, then by how
 * late the latest member was.
 */
const OPENING = { first: 300, aClient: 0.02, least: 10, most: 2_000, factor: 1.5, memory: 0.8 }

export class StartMargin {
  /** By the number of the phase. */
  readonly #reached = new Map<number, number>()
  #compared = Number.NEGATIVE_INFINITY
  #before = BEFORE.first
  #opening = OPENING.first
  /** Of the latest element, of the latest member. */
  #late: number | undefined
  readonly #steps: typeof clockSteps

  /** @param steps how often this clock was set since an instant of the monotonic one */
  constructor(steps = clockSteps) {
    this.#steps = steps
  }

  /** The command of a phase reached a member so many ms after it was given; that may be known only when others are over. */
  note(seq: number, reached: number): void {
    // a clock was set meanwhile
    if (reached > MAX_REACHED_MS) return
    this.#reached.set(seq, Math.max(reached, this.#reached.get(seq) ?? 0))
    const oldest = Math.min(...this.#reached.keys())
    if (this.#reached.size > MAX_PHASES) this.#reached.delete(oldest)
  }

  /** How long a command took to reach the slowest member in the latest phases, ms. */
  get slowest(): number {
    return Math.max(0, ...this.#reached.values())
  }

  /** What a tool does before the instant took so long on a member, ms. */
  noteBefore(took: number): void {
    this.#before = Math.max(took * BEFORE.factor, this.#before * BEFORE.memory)
  }

  /** Time for what tools do before the instant, ms. */
  get before(): number {
    return Math.min(BEFORE.most, Math.max(BEFORE.least, this.#before))
  }

  /** The first client of a member began so many ms after the instant of the latest element. */
  noteLate(late: number): void {
    if (late <= MAX_REACHED_MS) this.#late = Math.max(late, this.#late ?? 0)
  }

  /** @param clients of the member that has most; @returns ms until the instant at which clients of an element begin, as `next` */
  nextElement(members: number, clients: number, clock = performance.now()): number {
    const { most, least, factor, memory, aClient } = OPENING
    if (this.#late != null) {
      const needed = this.#late > LATE_MS ? this.#opening + this.#late * factor : least
      this.#opening = Math.min(most, Math.max(needed, this.#opening * memory))
      this.#late = undefined
    }
    return this.next(members, clock) + Math.min(most, this.#opening + clients * aClient)
  }

  /** @returns ms; now and then with time in it for so many members to compare their clocks. @param clock ms, monotonic */
  next(members: number, clock = performance.now(), hasBefore = false): number {
    const wait = this.slowest * (1 + SPARE.part) + SPARE.ms
    const turns = turnsDuration(members)
    // members judge by their own measure: what is about to be old for them is compared now, unless a round trip takes longer than that
    const isOld = clock - this.#compared >= CLOCK_MAX_AGE_MS * 0.9 || this.#steps(this.#compared).length > 0
    const compare = isOld && 2 * this.slowest < turns
    if (compare) this.#compared = clock
    const before = hasBefore ? turns + this.before : 0
    return before + Math.min(MARGIN.most, Math.max(MARGIN.least, wait + (compare && !hasBefore ? turns : 0)))
  }
}
