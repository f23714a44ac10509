/**
 * Watches the members of a run between two phases that ask them, mostly while the workload runs: says at once who cannot be reached, and
 * gives the run up when those who are left have been too few for its quorum for longer than the policy allows.
 */
import { MAX_TIMER_MS } from '../timers.ts'
import { driversOf } from './roster.ts'
import type { RunContext } from './run-context.ts'
import { Stopped } from './stopped.ts'

export class LossWatch {
  readonly #run: RunContext
  readonly #onHopeless: (why: Stopped) => void
  /** Members that cannot be reached, and since when, on the monotonic clock. */
  readonly #lost = new Map<string, number>()
  #isWorking = false
  #timer: NodeJS.Timeout | undefined

  /** @param onHopeless the quorum cannot be met any more */
  constructor(run: RunContext, onHopeless: (why: Stopped) => void) {
    this.#run = run
    this.#onHopeless = onHopeless
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

  /** The run is given up when enough members have been lost for long enough that the quorum fails without them. */
  #plan(): void {
    this.stop()
    if (!this.#isWorking) return
    const { active, needed, order } = this.#run
    const seconds = order.spec.policy.lost_timeout
    const spare = active.size - needed
    if (seconds === 0 || this.#lost.size <= spare) return
    // once the first `spare` are gone for good, the next one decides
    const since = [...this.#lost.values()].sort((a, b) => a - b)[spare] as number
    const left = Math.max(0, seconds * 1000 - (performance.now() - since))
    this.#timer = setTimeout(() => this.#giveUp(), Math.min(left, MAX_TIMER_MS))
    this.#timer.unref()
  }

  #giveUp(): void {
    const { active, needed, order, candidates } = this.#run
    const seconds = order.spec.policy.lost_timeout
    // a controller that only drives is no member
    const drivers = driversOf(candidates).length
    const size = active.size - drivers
    for (const peer of this.#lost.keys()) {
      const reason = `it could not be reached for ${seconds} s while the workload ran`
      this.#run.exclude({ peer, name: active.get(peer) ?? peer, phase: 'work', code: 'lost', reason })
    }
    const names = [...this.#lost.keys()].map(peer => active.get(peer) ?? peer).join(', ')
    this.#onHopeless(
      new Stopped('quorum', `${names}: lost while the workload ran; ${needed - drivers} of ${size} members are needed`)
    )
  }
}
