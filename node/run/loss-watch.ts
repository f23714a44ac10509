/**
 * Watches the members of a run between two phases that ask them, mostly while the workload runs: says at once who cannot be reached, and
 * gives the run up when those who are left have been too few for its quorum for longer than the policy allows.
 */
import { MAX_TIMER_MS } from '../../protocols/duration.ts'
import { driversOf } from './roster.ts'
import type { RunContext } from './run-context.ts'
import { Stopped } from './stopped.ts'

/** A timer may fire a little early, ms. */
const EARLY_MS = 5

export interface LossWatchInit {
  /** The run does not go on. */
  onHopeless(why: Stopped): void
  /** Whether an answer of the member is waited for: its workloads run. */
  awaits?(peer: string): boolean
  /** Members that were waited for have been excluded. */
  onExcluded?(): void
}

export class LossWatch {
  readonly #run: RunContext
  readonly #init: LossWatchInit
  /** Members that cannot be reached, and since when, on the monotonic clock. */
  readonly #lost = new Map<string, number>()
  #isWorking = false
  #timer: NodeJS.Timeout | undefined

  constructor(run: RunContext, init: LossWatchInit) {
    this.#run = run
    this.#init = init
  }

  /** @param isWorking whether the workload runs: other phases find out themselves which members they lack */
  during(isWorking: boolean): void {
    this.#isWorking = isWorking
    if (isWorking) this.check()
    else this.stop()
  }

  /** A member came or went. */
  check(): void {
    const { active, events } = this.#run
    for (const peer of this.#lost.keys()) if (!active.has(peer)) this.#lost.delete(peer)
    for (const [peer, name] of active) {
      const here = this.#run.isHere(peer)
      if (here === !this.#lost.has(peer)) continue
      if (here) this.#lost.delete(peer)
      else this.#lost.set(peer, performance.now())
      events.store({ type: here ? 'returned' : 'lost', peer, name })
    }
    this.#plan()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Members that may be lost. */
  get #spare(): number {
    const { active, needed, order } = this.#run
    return order.spec.policy.on_lost === 'end' ? 0 : active.size - needed
  }

  /**
   * The run is given up when enough members have been lost for long enough that the quorum fails without them, or its policy is to end then;
   * who is waited for is given up when it has been lost for long enough itself.
   */
  #plan(): void {
    this.stop()
    if (!this.#isWorking) return
    const seconds = this.#run.order.spec.policy.lost_timeout
    if (seconds === 0) return
    // once the first that may be lost are gone for good, the next one decides
    const decisive = [...this.#lost.values()].sort((a, b) => a - b)[this.#spare]
    const awaited = [...this.#lost].filter(([peer]) => this.#init.awaits?.(peer)).map(([, since]) => since)
    const first = Math.min(...awaited, ...(decisive == null ? [] : [decisive]))
    if (!Number.isFinite(first)) return
    const left = Math.max(0, seconds * 1000 - (performance.now() - first))
    this.#timer = setTimeout(() => this.#onDue(), Math.min(left, MAX_TIMER_MS))
    this.#timer.unref()
  }

  #onDue(): void {
    const seconds = this.#run.order.spec.policy.lost_timeout
    const since = performance.now() - seconds * 1000 + EARLY_MS
    const gone = [...this.#lost].filter(([, lost]) => lost <= since).map(([peer]) => peer)
    if (gone.length > this.#spare) return this.#giveUp()
    const awaited = gone.filter(peer => this.#init.awaits?.(peer))
    for (const peer of awaited) {
      this.#exclude(peer)
      this.#lost.delete(peer)
    }
    if (awaited.length > 0) this.#init.onExcluded?.()
    this.#plan()
  }

  #exclude(peer: string): void {
    const { active, order } = this.#run
    const reason = `it could not be reached for ${order.spec.policy.lost_timeout} s while the workload ran`
    this.#run.exclude({ peer, name: active.get(peer) ?? peer, phase: 'work', code: 'lost', reason })
  }

  #giveUp(): void {
    const { active, needed, order, candidates } = this.#run
    const { onHopeless } = this.#init
    // a controller that only drives is no member
    const drivers = driversOf(candidates).length
    const size = active.size - drivers
    const names = [...this.#lost.keys()].map(peer => active.get(peer) ?? peer).join(', ')
    const isNeeded = active.size - this.#lost.size < needed
    for (const peer of this.#lost.keys()) this.#exclude(peer)
    const why =
      order.spec.policy.on_lost === 'end' && !isNeeded
        ? 'policy.on_lost is end'
        : `${needed - drivers} of ${size} members are needed`
    onHopeless(new Stopped('quorum', `${names}: lost while the workload ran; ${why}`))
  }
}
