/**
 * One connection to the socket of a workload: takes its lines one after the other, and answers each before it takes the next. What is wrong is
 * answered in a line, and the connection stays.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { asBakError, BakError, exitStatus } from '../../../protocols/errors.ts'
import { MAX_LINE_BYTES } from '../../../protocols/workload-socket.ts'
import { LineReader } from './line-reader.ts'
import { type CallRequest, parseCall } from './parse-call.ts'

/** Bytes of requests that wait behind one. */
const MAX_WAITING_BYTES = 2 * MAX_LINE_BYTES
/** A client that says that it has no more requests may have gone: only a line that it does not take tells. */
const PROBE_INTERVAL_MS = 1_000
/** Characters of the text of an error. */
const MAX_ERROR = 1024

/** Does what a request asks for. The lines that it yields are sent; the last is the answer. The signal aborts when the client has gone. */
export type Answering = (request: Exclude<CallRequest, { call: 'quit' }>, signal: AbortSignal) => AsyncIterable<string>

export class Connection {
  readonly #socket: Socket
  readonly #answering: Answering
  readonly #gone = new AbortController()
  readonly #lines = new LineReader(MAX_LINE_BYTES)
  #isBusy = false
  #hasEnded = false

  /** @param socket that may be half open */
  constructor(socket: Socket, answering: Answering) {
    this.#socket = socket
    this.#answering = answering
    socket.on('data', (data: Buffer) => this.#take(data))
    socket.on('end', () => this.#end())
    socket.on('error', () => {})
    socket.on('close', () => this.#gone.abort(new BakError('unreachable', 'the client has gone')))
  }

  /** The instance has ended: nothing is answered any more. */
  close(): void {
    this.#gone.abort(new BakError('interrupted', 'the instance has ended'))
    this.#socket.destroySoon()
  }

  #take(data: Buffer): void {
    this.#lines.push(data)
    if (!this.#isBusy) return void this.#answerAll()
    if (this.#lines.waiting <= MAX_WAITING_BYTES) return
    this.#send(errorLine(75, `more than ${MAX_WAITING_BYTES} bytes of requests wait behind one`))
    this.close()
  }

  #end(): void {
    this.#hasEnded = true
    if (this.#isBusy) this.#probe()
    else this.#socket.end()
  }

  #probe(): void {
    if (!this.#isBusy || this.#gone.signal.aborted) return
    this.#send('waiting')
    setTimeout(() => this.#probe(), PROBE_INTERVAL_MS).unref()
  }

  async #answerAll(): Promise<void> {
    const { signal } = this.#gone
    this.#isBusy = true
    let outcome: 'answered' | 'none' | 'quit' = 'answered'
    while (outcome === 'answered' && !signal.aborted) outcome = await this.#answerNext()
    this.#isBusy = false
    if (outcome === 'quit' || this.#hasEnded) this.#socket.end()
  }

  async #answerNext(): Promise<'answered' | 'none' | 'quit'> {
    const { signal } = this.#gone
    try {
      const line = this.#lines.next()
      if (line == null) return 'none'
      const request = parseCall(line)
      if (request.call === 'quit') return 'quit'
      for await (const each of this.#answering(request, signal)) {
        if (signal.aborted) break
        if (!this.#send(each)) await this.#drained()
      }
    } catch (cause) {
      const { code, message } = asBakError(cause)
      this.#send(errorLine(exitStatus[code], message))
    }
    return 'answered'
  }

  /** @returns false if the client should be waited for */
  #send(line: string): boolean {
    return !this.#socket.writable || this.#socket.write(`${line}\n`, 'latin1')
  }

  /** The client has taken what was sent, or has gone. */
  async #drained(): Promise<void> {
    await once(this.#socket, 'drain', { signal: this.#gone.signal }).catch(() => {})
  }
}

/** In one line, whatever the text is; bytes, a character each. */
export const errorLine = (status: number, text: string) =>
  Buffer.from(`error ${status} ${text.replace(/\s+/g, ' ').slice(0, MAX_ERROR)}`).toString('latin1')
