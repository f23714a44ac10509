/** The messages of one topic, in one order for all, and who waits for the next. It keeps so many, so that late subscribers get what was said. Pure. */
import { MAX_ANSWERS } from '../../../protocols/calls.ts'

export interface Message {
  /** The instance that published it. */
  from: string
  value: Uint8Array
}

export interface TopicBounds {
  /** Messages that are kept. */
  messages: number
  /** Bytes of them. */
  bytes: number
}

/** Bytes of messages in one answer. */
const MAX_PORTION_BYTES = 128 * 1024

export class Topic<Call> {
  readonly #bounds: TopicBounds
  readonly #kept: Message[] = []
  /** The number of the first that is kept. */
  #first = 1
  #bytes = 0
  readonly #waiting = new Map<Call, number>()

  constructor(bounds: TopicBounds) {
    this.#bounds = bounds
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The number that the next message gets. */
  get next(): number {
    return this.#first + this.#kept.length
  }

  /** @returns its number */
  publish(message: Message): number {
    const number = this.next
    this.#kept.push(message)
    this.#bytes += message.value.length
    while (this.#kept.length > this.#bounds.messages || this.#bytes > this.#bounds.bytes) this.dropOldest()
    return number
  }

  /** @returns false if there is none */
  dropOldest(): boolean {
    const oldest = this.#kept.shift()
    if (oldest == null) return false
    this.#first++
    this.#bytes -= oldest.value.length
    return true
  }

  /** @returns the messages from a number on, as many as fit into one answer, and the number of the first of them; none yet: undefined */
  read(from: number): { number: number; messages: Message[] } | undefined {
    const number = Math.max(from, this.#first)
    const messages: Message[] = []
    let bytes = 0
    for (const message of this.#kept.slice(number - this.#first, number - this.#first + MAX_ANSWERS)) {
      bytes += message.value.length
      if (messages.length > 0 && bytes > MAX_PORTION_BYTES) break
      messages.push(message)
    }
    return messages.length === 0 ? undefined : { number, messages }
  }

  wait(call: Call, from: number): void {
    this.#waiting.set(call, from)
  }

  withdraw(call: Call): void {
    this.#waiting.delete(call)
  }

  /** @returns the calls that there is something for now */
  settle(): Array<{ call: Call; number: number; messages: Message[] }> {
    return [...this.#waiting].flatMap(([call, from]) => {
      const read = this.read(from)
      if (read == null) return []
      this.#waiting.delete(call)
      return [{ call, ...read }]
    })
  }
}
