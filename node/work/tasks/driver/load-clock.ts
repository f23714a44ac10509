/** The clock of the clients in one thread: each waits until its next request is due. One alarm for all of them, and how late it was. */
import type { LoopClock } from '../../../../protocols/tasks/client-loop.ts'
import { LogHistogram } from '../../../../protocols/tasks/histogram.ts'
import { LoopBreaks } from './loop-breaks.ts'

/** Wakes a thread up. */
export interface Alarm {
  /** @param moment by `performance.now()`; what was set before does not count any more. `ring` is called then, or a little earlier */
  set(moment: number, ring: () => void): void
  clear(): void
}

interface Waiting {
  moment: number
  wake: () => void
}

export class LoadClock implements LoopClock {
  readonly #alarm: Alarm
  /** A heap: the earliest is first. */
  #waiting: Waiting[] = []
  #armed = Number.POSITIVE_INFINITY
  /** How late clients were woken, and a timer beside them, microseconds. */
  lateness = new LogHistogram()
  #latest = 0
  readonly #breaks = new LoopBreaks()

  constructor(alarm: Alarm) {
    this.#alarm = alarm
    this.#breaks.start(late => this.#noteLate(late))
  }

  now(): number {
    return performance.now()
  }

  until(moment: number): Promise<void> {
    return new Promise(resolve => {
      push(this.#waiting, { moment, wake: resolve })
      this.#arm()
    })
  }

  giveWay(): Promise<void> | undefined {
    return this.#breaks.next()
  }

  /** Clients are to end, or to look whether they are. */
  wakeAll(): void {
    const all = this.#waiting
    this.#waiting = []
    this.#armed = Number.POSITIVE_INFINITY
    this.#alarm.clear()
    for (const { wake } of all) wake()
  }

  /** ms, the most since this was asked for the last time. */
  takeLatest(): number {
    const latest = this.#latest
    this.#latest = 0
    return latest
  }

  #noteLate(late: number): void {
    this.lateness.record(late * 1_000)
    if (late > this.#latest) this.#latest = late
  }

  #ring = (): void => {
    this.#armed = Number.POSITIVE_INFINITY
    const now = performance.now()
    for (let first = this.#waiting[0]; first != null && first.moment <= now; first = this.#waiting[0]) {
      pop(this.#waiting)
      this.#noteLate(now - first.moment)
      first.wake()
    }
    this.#arm()
  }

  #arm(): void {
    const first = this.#waiting[0]
    if (first == null || first.moment >= this.#armed) return
    this.#armed = first.moment
    this.#alarm.set(first.moment, this.#ring)
  }
}

function push(heap: Waiting[], added: Waiting): void {
  let at = heap.length
  heap.push(added)
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above] as Waiting
    if (parent.moment <= added.moment) break
    heap[at] = parent
    at = above
  }
  heap[at] = added
}

/** Removes the first. */
function pop(heap: Waiting[]): void {
  const last = heap.pop() as Waiting
  const { length } = heap
  if (length === 0) return
  let at = 0
  for (;;) {
    let below = 2 * at + 1
    if (below >= length) break
    if (below + 1 < length && (heap[below + 1] as Waiting).moment < (heap[below] as Waiting).moment) below++
    const child = heap[below] as Waiting
    if (child.moment >= last.moment) break
    heap[at] = child
    at = below
  }
  heap[at] = last
}
