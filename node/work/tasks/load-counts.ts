/** What the clients of one member measured in one sample: counted where it comes from the driver and where the controller has taken it. */

import { addTallyTo, emptyTally, type Tally } from '../../../protocols/tasks/tally.ts'
import type { TaskAnswer } from '../../../protocols/tasks/task-answer.ts'

/** Of one block. */
export interface Counted {
  element: number
  task: string
  tally: Tally
}

/** What is known of the end of a task beside its counts. */
export type TaskEnd = Omit<TaskAnswer, 'element' | 'task' | keyof Tally>

export class LoadCounts {
  readonly #brought = new Map<string, Tally>()
  readonly #taken = new Map<string, Tally>()

  readonly onBrought = ({ element, task, tally }: Counted): void =>
    addTallyTo(this.#brought, keyOf(element, task), tally)
  readonly onTaken = ({ element, task, tally }: Counted): void => addTallyTo(this.#taken, keyOf(element, task), tally)

  /** Samples that were brought, and that the controller has not taken. */
  get untaken(): number {
    return totalOf(this.#brought) - totalOf(this.#taken)
  }

  /** @returns what a member signs of a task: what the controller has of it */
  answerOf(element: number, task: string, end: TaskEnd): TaskAnswer {
    return { element, task, ...(this.#taken.get(keyOf(element, task)) ?? emptyTally()), ...end }
  }

  /** @returns in what the driver's word differs from what it brought, in words */
  mismatch({ element, task, samples, warmup, failed }: TaskAnswer): string | undefined {
    const brought = this.#brought.get(keyOf(element, task)) ?? emptyTally()
    if (brought.samples === samples && brought.warmup === warmup && brought.failed === failed) return undefined
    const words = (each: Pick<Tally, 'samples' | 'warmup' | 'failed'>) =>
      `${each.samples} samples, ${each.warmup} of warm-up and ${each.failed} failed`
    return `the driver counted ${words({ samples, warmup, failed })}, and brought ${words(brought)}`
  }
}

const totalOf = (tallies: Map<string, Tally>) =>
  [...tallies.values()].reduce((sum, { samples, warmup }) => sum + samples + warmup, 0)

const keyOf = (element: number, task: string) => `${element}/${task}`
