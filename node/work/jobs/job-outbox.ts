/**
 * What a member has to say on the stream of a graph, in order: lines of a log before the end of its attempt. While the controller does not take
 * anything, or no stream is there, it is bounded: lines are dropped first, and what a job states now takes the place of what it stated before.
 */
import {
  type AttemptName,
  type FromJobs,
  type LogLine,
  MAX_LINES_OF_MESSAGE
} from '../../../protocols/jobs/job-stream.ts'

/** Characters of one message of lines, and of all that wait. */
const MAX_CHARACTERS_OF_MESSAGE = 256 * 1024
const MAX_CHARACTERS = 4 * 1024 * 1024
/** Messages that wait: with more of them nothing more is heard that would be answered. */
const MAX_MESSAGES = 256
/** What a line costs beside its text. */
const LINE_COST = 64

type Lines = Extract<FromJobs, { type: 'lines' }>

export class JobOutbox {
  #waiting: FromJobs[] = []
  /** Of lines that wait. */
  #characters = 0
  /** Of the lines that were put last. */
  #last = 0
  #wake = Promise.withResolvers<void>()
  #isOver = false
  #error: Error | undefined

  /** Nobody takes from it any more, or will once it is empty. */
  get isOver(): boolean {
    return this.#isOver || this.#error != null
  }

  /** Resolves when it has room for an answer, or nobody takes from it any more: who asks much and reads little waits. */
  async room(): Promise<void> {
    while (this.#waiting.length >= MAX_MESSAGES && !this.isOver) await this.#wake.promise
  }

  put(message: FromJobs): void {
    if (message.type === 'stated' || message.type === 'slots') this.#drop(message)
    this.#waiting.push(message)
    this.#changed()
  }

  putLines({ job, attempt }: AttemptName, lines: LogLine[]): void {
    for (const line of lines) {
      const cost = costOf(line)
      // they are in the log of this member, and the numbers of lines tell that some are missing
      if (this.#characters + cost > MAX_CHARACTERS) break
      this.#characters += cost
      this.#messageFor(job, attempt, cost).push(line)
    }
    this.#changed()
  }

  /** @returns the next message; undefined once it is over and all of it was taken @throws what it failed with */
  async take(): Promise<FromJobs | undefined> {
    while (this.#waiting.length === 0 && !this.#isOver && this.#error == null) await this.#wake.promise
    if (this.#error != null) throw this.#error
    const next = this.#waiting.shift()
    this.#changed()
    if (next?.type === 'lines') this.#characters -= next.lines.reduce((sum, line) => sum + costOf(line), 0)
    return next
  }

  /** @returns the lines that nobody took, for the stream that comes next */
  leave(): Lines[] {
    const lines = this.#waiting.filter(each => each.type === 'lines')
    this.#waiting = []
    this.#characters = 0
    return lines
  }

  end(): void {
    this.#isOver = true
    this.#changed()
  }

  fail(error: Error): void {
    this.#error ??= error
    this.#changed()
  }

  #messageFor(job: string, attempt: number, cost: number): LogLine[] {
    const last = this.#waiting.at(-1)
    if (last?.type === 'lines' && last.job === job && last.attempt === attempt) {
      this.#last += cost
      if (last.lines.length < MAX_LINES_OF_MESSAGE && this.#last <= MAX_CHARACTERS_OF_MESSAGE) return last.lines
    }
    this.#last = cost
    const message: Lines = { type: 'lines', job, attempt, lines: [] }
    this.#waiting.push(message)
    return message.lines
  }

  /** What was said of the same before, and nobody took. */
  #drop(message: FromJobs): void {
    const at = this.#waiting.findIndex(each => isOfSame(each, message))
    if (at >= 0) this.#waiting.splice(at, 1)
  }

  #changed(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}

const costOf = ({ text }: LogLine) => text.length + LINE_COST

const isOfSame = (one: FromJobs, other: FromJobs): boolean =>
  one.type === other.type &&
  (one.type !== 'stated' || (other.type === 'stated' && one.job === other.job && one.attempt === other.attempt))
