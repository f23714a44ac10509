/** The slots of this machine, and the runs that have jobs here: who takes how many now, and who may take more. */
import type { SlotUse } from '../../../protocols/jobs/job-records.ts'
import { freeSlots, type SlotClaim } from './slots.ts'

export interface SlotsNow {
  max: number
  /** By jobs of all runs. */
  taken: number
  /** What this run may take now. */
  free: number
}

export class MachineSlots {
  readonly max: number
  /** Those that have waited longest since a job of theirs began come first. */
  readonly #runs = new Set<RunSlots>()
  #isTelling = false

  constructor(max: number) {
    this.max = max
  }

  /** @param onChange called, at the end of the turn in which it happened, when what the run may take could have changed */
  enter(run: string, controller: string, onChange: () => void): RunSlots {
    const entered = new RunSlots(this, { run, controller, onChange })
    this.#runs.add(entered)
    this.changed()
    return entered
  }

  get taken(): number {
    return [...this.#runs].reduce((sum, { claim }) => sum + claim.taken, 0)
  }

  /** A run has one graph at a time. */
  get runs(): SlotUse['runs'] {
    return [...this.#runs].map(({ run, controller, claim: { taken, wanted } }) => ({ run, controller, taken, wanted }))
  }

  nowOf(of: RunSlots): SlotsNow {
    const all = [...this.#runs]
    const free = freeSlots(
      this.max,
      all.map(({ claim }) => claim)
    )
    return { max: this.max, taken: this.taken, free: free[all.indexOf(of)] ?? 0 }
  }

  served(run: RunSlots): void {
    if (this.#runs.delete(run)) this.#runs.add(run)
  }

  leave(run: RunSlots): void {
    this.#runs.delete(run)
    this.changed()
  }

  changed(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    queueMicrotask(() => {
      this.#isTelling = false
      for (const each of this.#runs) each.onChange()
    })
  }
}

/** Those of one graph of a run. */
export class RunSlots {
  readonly run: string
  readonly controller: string
  readonly onChange: () => void
  readonly #machine: MachineSlots
  #claim: SlotClaim = { taken: 0, wanted: 0, most: 0 }

  constructor(machine: MachineSlots, { run, controller, onChange }: Pick<RunSlots, 'run' | 'controller' | 'onChange'>) {
    this.#machine = machine
    this.run = run
    this.controller = controller
    this.onChange = onChange
  }

  get claim(): Readonly<SlotClaim> {
    return this.#claim
  }

  get now(): SlotsNow {
    return this.#machine.nowOf(this)
  }

  /** @param most slots of the largest job among those that would take them */
  want(wanted: number, most = 1): void {
    if (wanted === this.#claim.wanted && most === this.#claim.most) return
    this.#claim = { ...this.#claim, wanted, most }
    this.#machine.changed()
  }

  /** @returns false where there are not as many free for this run now: what it asked for counts from now on */
  take(slots: number): boolean {
    const { taken, wanted, most } = this.#claim
    // an offer may come before the word that there is something to offer
    this.#claim = { taken, wanted: Math.max(wanted, slots), most: Math.max(most, slots) }
    if (this.now.free < slots) {
      this.#machine.changed()
      return false
    }
    this.#claim = { taken: taken + slots, wanted: Math.max(0, wanted - slots), most }
    this.#machine.served(this)
    this.#machine.changed()
    return true
  }

  give(slots: number): void {
    this.#claim = { ...this.#claim, taken: this.#claim.taken - slots }
    this.#machine.changed()
  }

  leave(): void {
    this.#machine.leave(this)
  }
}
