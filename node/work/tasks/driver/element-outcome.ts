/** One element of the schedule in the driver: what its threads have brought so far, and how it ended. */
import { cutText } from '../../../../protocols/fields.ts'
import type { Element } from '../../../../protocols/tasks/elements.ts'
import { LogHistogram } from '../../../../protocols/tasks/histogram.ts'
import { decodeHistogram } from '../../../../protocols/tasks/histogram-codec.ts'
import { addTallyTo, emptyTally, type Tally } from '../../../../protocols/tasks/tally.ts'
import type { DriverHealth, TaskAnswer } from '../../../../protocols/tasks/task-answer.ts'
import type { EndedTask, ThreadHealth } from './thread-messages.ts'

/** Threads that have clients of an element, and those that have clients which complete it. */
export interface ThreadsOf {
  busy: Set<number>
  completing: Set<number>
  /** Of all threads: tasks that have clients here. */
  tasks: string[]
}

const ENDS: TaskAnswer['ended'][] = ['schedule', 'completed', 'cut']

export class ElementOutcome {
  readonly element: Element
  /** The agreed begin, ms since 1970. */
  readonly at: number
  readonly #threads: ThreadsOf
  readonly #tallies = new Map<string, Tally>()
  readonly #ended = new Map<string, EndedTask[]>()
  readonly #health: ThreadHealth[] = []
  readonly #open: Set<number>
  readonly #completing: Set<number>
  #isCompleted = false
  #error: { task: string | undefined; reason: string; unreachable: boolean } | undefined

  constructor(element: Element, at: number, threads: ThreadsOf) {
    this.element = element
    this.at = at
    this.#threads = threads
    this.#open = new Set(threads.busy)
    this.#completing = new Set(threads.completing)
  }

  /** Threads that have not joined. */
  get open(): number[] {
    return [...this.#open]
  }

  get isOver(): boolean {
    return this.#open.size === 0
  }

  get hasFailed(): boolean {
    return this.#error != null
  }

  add(task: string, tally: Tally): void {
    addTallyTo(this.#tallies, task, tally)
  }

  /** @returns whether the element is completed, as far as it is done here, for the first time */
  onCompleting(thread: number): boolean {
    this.#completing.delete(thread)
    if (this.#isCompleted || (this.element.completedBy !== 'any' && this.#completing.size > 0)) return false
    this.#isCompleted = true
    return true
  }

  onJoined(thread: number, tasks: EndedTask[], health: ThreadHealth): void {
    this.#open.delete(thread)
    this.#health.push(health)
    for (const each of tasks) this.#ended.set(each.task, [...(this.#ended.get(each.task) ?? []), each])
  }

  /** Nothing comes from it any more. */
  onLost(thread: number): void {
    this.#open.delete(thread)
  }

  /** The first reason is the one. @param task left out where it is the fault of none @param unreachable a target could not be reached */
  fail(reason: string, task?: string, unreachable = false): void {
    this.#error ??= { task, reason: cutText(reason), unreachable }
  }

  get answers(): TaskAnswer[] {
    return this.#threads.tasks.map(task => {
      const ended = this.#ended.get(task) ?? []
      const begins = ended.map(each => each.began).filter(each => each != null)
      const unsent = ended.reduce((sum, each) => sum + each.unsent, 0)
      const began = {
        first: Math.min(...begins.map(each => each.first)),
        last: Math.max(...begins.map(each => each.last))
      }
      const { task: faulty, reason, unreachable } = this.#error ?? {}
      const isFaulty = reason != null && (faulty ?? task) === task
      // of a thread that was lost nothing else is known
      const ends = ended.length === 0 ? ['cut' as const] : ended.map(each => each.ended)
      return {
        ...{ element: this.element.number, task, ...(this.#tallies.get(task) ?? emptyTally()) },
        ...(unsent > 0 ? { unsent } : {}),
        ...(begins.length > 0 ? { began } : {}),
        ended: isFaulty ? 'cut' : (ENDS[Math.max(...ends.map(each => ENDS.indexOf(each)))] ?? 'cut'),
        ...(isFaulty ? { error: reason } : {}),
        ...(isFaulty && unreachable ? { unreachable } : {})
      }
    })
  }

  get health(): DriverHealth | undefined {
    if (this.#health.length === 0) return undefined
    const lag = merged(this.#health.map(each => each.lag))
    const overhead = merged(this.#health.map(each => each.overhead))
    const waits = this.#health.flatMap(({ waited }) => waited ?? [])
    return {
      workers: this.#threads.busy.size,
      busy: Math.min(1, Math.max(...this.#health.map(each => each.busy))),
      ...(waits.length === 0 ? {} : { waited: Math.max(...waits) }),
      lag: ofMicroseconds(lag.quantiles([0.99])[0]),
      lagMax: ofMicroseconds(lag.range?.max),
      overhead: ofMicroseconds(overhead.quantiles([0.99])[0])
    }
  }
}

function merged(encoded: Uint8Array[]): LogHistogram {
  const sum = new LogHistogram()
  for (const each of encoded) sum.add(decodeHistogram(each))
  return sum
}

/** @returns ms; 0 where there is no value */
const ofMicroseconds = (value = Number.NaN): number => (Number.isFinite(value) ? value / 1_000 : 0)
