/**
 * Calls of this member's workloads over the run stream, each answered once. What a stream that broke has lost is sent again on the next one;
 * the controller knows it by its number.
 */
import { randomBytes } from 'node:crypto'
import {
  type AnswersMessage,
  type CallAnswer,
  type CallBody,
  type CallOrigin,
  MAX_CALLS,
  MAX_NAMED_CALLS
} from '../../protocols/calls.ts'
import type { FromMember } from '../../protocols/run-stream.ts'
import { onAbort } from '../wait.ts'

type Send = (message: FromMember) => Promise<void>
type Call = Extract<FromMember, { type: 'call' }>

interface OpenCall {
  message: Call
  answered: PromiseWithResolvers<CallAnswer>
}

export class StreamCalls {
  readonly #session = randomBytes(8).toString('hex')
  readonly #open = new Map<number, OpenCall>()
  #send: Send | undefined
  #next = 0
  #ended = false

  /** The stream is open. */
  up(send: Send): void {
    this.#send = send
    if (this.#next === 0) return
    this.#tellOpen()
    for (const { message } of this.#open.values()) this.#say(message)
  }

  /** The stream broke. */
  down(): void {
    this.#send = undefined
  }

  /** No stream comes any more: what waits is answered here. */
  end(): void {
    this.#ended = true
    this.down()
    for (const { answered } of this.#open.values()) answered.resolve(OVER)
    this.#open.clear()
  }

  onAnswers({ session, answers }: AnswersMessage): void {
    if (session !== this.#session) return
    for (const { id, answer } of answers) {
      this.#open.get(id)?.answered.resolve(answer)
      this.#open.delete(id)
    }
  }

  /** Waits for the answer; an abort takes the call back. Never rejects. */
  readonly ask = async (from: CallOrigin, body: CallBody, signal: AbortSignal): Promise<CallAnswer> => {
    if (this.#ended || signal.aborted) return OVER
    if (this.#open.size >= MAX_CALLS && body.call !== 'end') {
      return { status: 75, reason: `${MAX_CALLS} calls of this machine wait already` }
    }
    const id = this.#next++
    const message: Call = { type: 'call', session: this.#session, id, from, body }
    const answered = Promise.withResolvers<CallAnswer>()
    this.#open.set(id, { message, answered })
    this.#say(message)
    const removeListener = onAbort(signal, () => {
      if (!this.#open.delete(id)) return
      this.#tellOpen()
      answered.resolve(OVER)
    })
    return answered.promise.finally(removeListener)
  }

  #tellOpen(): void {
    this.#say({ type: 'calls', session: this.#session, open: [...this.#open.keys()].slice(0, MAX_NAMED_CALLS) })
  }

  /** What a stream does not take any more is sent again on the next one. */
  #say(message: FromMember): void {
    this.#send?.(message).catch(() => {})
  }
}

const OVER: CallAnswer = { status: 69, reason: 'the run is over here' }
