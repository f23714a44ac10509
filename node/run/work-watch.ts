/** What members tell of their workloads while these run: stored as events, each once; the first failure ends the others where the policy says so. */

import { failureOf, type WorkEntry } from '../../protocols/work-entry.ts'
import type { WorkState } from '../../protocols/work-state.ts'
import { labelOf } from '../../protocols/workload.ts'
import { isSameStep, type PlannedPhase } from './plan.ts'
import type { RunContext } from './run-context.ts'
import { Stopped } from './stopped.ts'

/** Events of workloads in one run: a run of very many samples stores how each ended, and not when it began. */
const MAX_EVENTS = 100_000

export class WorkWatch {
  readonly #run: RunContext
  readonly #onFailed: (why: Stopped) => void
  #step: PlannedPhase['step']
  #known = new Set<string>()
  #stored = 0

  /** @param onFailed the others are to be ended */
  constructor(run: RunContext, onFailed: (why: Stopped) => void) {
    this.#run = run
    this.#onFailed = onFailed
  }

  /** A sample begins. */
  begin(step: PlannedPhase['step']): void {
    this.#step = step
    this.#known = new Set()
  }

  /** What nobody placed on the member, or what is of another sample, counts for nothing. */
  onState(peer: string, state: WorkState): void {
    const { record, active, events, order } = this.#run
    const { spec } = order
    const workload = spec.workload.find(({ name }) => name === state.workload)
    const member = record.roster.find(each => each.peer === peer)
    const placed = member?.workloads?.find(({ name }) => name === state.workload)
    if (workload == null || member == null || placed == null || !active.has(peer)) return
    if (record.state === 'ended' || !isSameStep(state.step, this.#step)) return
    if (state.instance < 1 || state.instance > placed.instances) return
    const key = `${peer}/${state.workload}/${state.instance}/${state.state}`
    if (this.#known.has(key) || this.#stored >= MAX_EVENTS) return
    this.#known.add(key)
    this.#stored++
    events.store({ type: 'work', member: member.name, role: workload.role, ...state })
    if (state.state !== 'ended' || state.step.warmup || spec.policy.on_failed_workload !== 'stop') return
    const { workload: name, timedOut = false, duration = 0, ...how } = state
    const entry: WorkEntry = { ...how, name, member: member.name, role: workload.role, timedOut, duration }
    const why = failureOf(entry, spec)
    if (why == null) return
    this.#onFailed(new Stopped('workload-failed', `${labelOf(workload, state.instance)} on ${member.name}: ${why}`))
  }
}
