/** One element of the schedule on a member: whether it goes on, and how it ended. */
import { cutText } from '../../../protocols/fields.ts'
import type { DriverHealth, TaskAnswer } from '../../../protocols/tasks/task-answer.ts'
import type { FromDriver } from './driver-messages.ts'
import type { LoadCounts, TaskEnd } from './load-counts.ts'
import type { ElementOfMember } from './member-clients.ts'

type Joined = Extract<FromDriver, { type: 'joined' }>

export class ElementGoing {
  readonly number: number
  readonly tasks: string[]
  readonly #joined = Promise.withResolvers<void>()
  readonly #completing = Promise.withResolvers<void>()
  #answers = new Map<string, TaskAnswer>()
  #error: string | undefined
  #mismatch = new Map<string, string>()
  health: DriverHealth | undefined
  isOver = false
  isCut = false

  constructor({ number, tasks }: ElementOfMember) {
    this.number = number
    this.tasks = tasks
  }

  /** All its clients are at the join point, or are gone. */
  get joined(): Promise<void> {
    return this.#joined.promise
  }

  /** Those that complete it are. */
  get completing(): Promise<void> {
    return this.#completing.promise
  }

  /** @returns false if it was cut short before */
  cut(): boolean {
    if (this.isCut || this.isOver) return false
    this.isCut = true
    return true
  }

  /** Why it does not end as it was to. */
  fail(error: string): void {
    this.#error ??= cutText(error)
  }

  complete(element: number): void {
    if (element === this.number) this.#completing.resolve()
  }

  join({ tasks, health }: Joined, counts: Pick<LoadCounts, 'mismatch'>): void {
    this.health = health
    for (const each of tasks) {
      this.#answers.set(each.task, each)
      const why = counts.mismatch(each)
      if (why != null) this.#mismatch.set(each.task, why)
    }
    this.end()
  }

  /** Nothing more comes of it. */
  end(): void {
    this.isOver = true
    this.#completing.resolve()
    this.#joined.resolve()
  }

  /** @param offset what the clock of the driver is ahead of the controller's, ms */
  endOf(task: string, offset: number): TaskEnd {
    const { began, error, unsent, unreachable, ended = 'cut' } = this.#answers.get(task) ?? {}
    const why = error ?? this.#error ?? this.#mismatch.get(task)
    return {
      ...(began == null ? {} : { began: { first: began.first - offset, last: began.last - offset } }),
      ended,
      ...(unsent == null ? {} : { unsent }),
      ...(why == null ? {} : { error: why }),
      ...(unreachable == null ? {} : { unreachable })
    }
  }
}
