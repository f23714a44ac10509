/**
 * The member's end of the load stream: what its clients measured goes to the controller in order, each block with a number. A block is kept until
 * the controller has taken it, and sent again when the stream broke; status is sent once or never. Bounded: who brings more than the
 * controller takes hears so, and nothing is dropped silently.
 */
import { randomBytes } from 'node:crypto'
import { asBakError, BakError, type ErrorCode } from '../../../protocols/errors.ts'
import type { Step } from '../../../protocols/phase.ts'
import { type Call, call, type Opener } from '../../../protocols/stream.ts'
import {
  type FromLoader,
  type HistogramBlock,
  type LoadStatus,
  loadStreamProtocol,
  type NumberedLoad,
  type ToLoader
} from '../../../protocols/tasks/load-stream.ts'
import type { SampleBlock } from '../../../protocols/tasks/sample-block.ts'
import { Backoff } from '../../backoff.ts'
import { inTime, pause, within } from '../../wait.ts'

/** Bytes that wait for the controller: 1.4 million samples, a minute and a half of 15,000 a second. */
export const MAX_KEPT_BYTES = 64 * 1024 * 1024
/** What a block costs beside its columns and histograms. */
const OVERHEAD_BYTES = 256
const RETRY_MS = { first: 100, most: 2_000 }
/** The controller says first what it has taken already, ms. */
const FIRST_ANSWER_MS = 10_000
/** So often in a row the controller may find fault with what it is brought before that is given up. */
const MAX_FAULTS = 5
/** The controller does not want them, whenever it is asked. */
const FINAL: ErrorCode[] = ['no-such-run', 'not-on-roster', 'not-allowed', 'damaged']

type Unnumbered = ({ type: 'samples' } & SampleBlock) | ({ type: 'histograms' } & HistogramBlock)

export interface SamplesUplinkInit<Counts> {
  run: string
  step: Step
  open: Opener
  /** A block was taken by the controller; in their order, each once. */
  onTaken(counts: Counts): void
  /** The controller takes nothing more, whatever is tried. */
  onRefused?(why: BakError): void
  /** Bytes; smaller in tests. */
  most?: number
}

interface Kept<Counts> {
  message: NumberedLoad
  bytes: number
  counts: Counts
}

export class SamplesUplink<Counts> {
  readonly #init: SamplesUplinkInit<Counts>
  readonly #session = randomBytes(8).toString('hex')
  readonly #kept: Kept<Counts>[] = []
  readonly #stopped = new AbortController()
  readonly #backoff = new Backoff(RETRY_MS)
  #bytes = 0
  /** Numbers of the last block that was put, taken, and given to the present stream. */
  #put = 0
  #taken = 0
  #sent = 0
  #stream: Call<FromLoader, ToLoader> | undefined
  #failure: Extract<FromLoader, { type: 'failed' }> | undefined
  #isTelling = false
  #faults = 0
  /** No stream comes any more. */
  #refused: BakError | undefined
  #changed = Promise.withResolvers<void>()
  #loop: Promise<void> | undefined

  constructor(init: SamplesUplinkInit<Counts>) {
    this.#init = init
  }

  /** Blocks that the controller has not taken. */
  get waiting(): number {
    return this.#put - this.#taken
  }

  /** Opens the stream, and again whenever it breaks. */
  start(): void {
    this.#loop ??= this.#keepOpen()
  }

  /** @param counts are given back when it is taken; @returns false if there is no room for it, nor for any other */
  put(block: Unnumbered, counts: Counts): boolean {
    const bytes = sizeOf(block)
    if (this.#bytes + bytes > (this.#init.most ?? MAX_KEPT_BYTES)) return false
    const message = { ...block, step: this.#init.step, seq: ++this.#put } as NumberedLoad
    this.#kept.push({ message, bytes, counts })
    this.#bytes += bytes
    this.#wake()
    return true
  }

  /** Tells how it goes, unless the stream is down or has not taken what was told before. */
  tell(status: LoadStatus): void {
    if (this.#stream == null || this.#isTelling) return
    this.#isTelling = true
    this.#stream
      .send({ type: 'status', step: this.#init.step, ...status })
      .catch(() => {})
      .finally(() => {
        this.#isTelling = false
      })
  }

  /** Tells at once what ends the run, again on each stream that is opened later. The first reason is the one. */
  fail(element: number, reason: string): void {
    if (this.#failure != null) return
    this.#failure = { type: 'failed', step: this.#init.step, element, reason }
    void this.#stream?.send(this.#failure).catch(() => {})
  }

  /** Waits until the controller has taken all. @throws {BakError} if it never will, or what aborts the signal */
  async drain(signal: AbortSignal): Promise<void> {
    while (this.waiting > 0) {
      if (this.#refused != null) throw this.#refused
      if (signal.aborted) throw asBakError(signal.reason)
      await within(this.#changed.promise, signal)
    }
  }

  /** What is not taken now is lost. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped.abort(new BakError('interrupted', 'the sample is over here'))
    this.#refused ??= new BakError('interrupted', 'the sample is over here')
    this.#wake()
    await this.#loop
  }

  async #keepOpen(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        await this.#once(signal)
      } catch (cause) {
        const error = asBakError(cause)
        if (error.code === 'bad-message') this.#faults++
        if (FINAL.includes(error.code) || this.#faults >= MAX_FAULTS) return this.#refuse(error)
      }
      if (!signal.aborted) await pause(this.#backoff.next(), signal)
    }
  }

  #refuse(why: BakError): void {
    this.#refused ??= why
    this.#wake()
    if (!this.#stopped.signal.aborted) this.#init.onRefused?.(why)
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { run, open } = this.#init
    const stream = await call(open, loadStreamProtocol, { signal })
    const gone = new AbortController()
    let sending: Promise<void> | undefined
    try {
      await stream.send({ type: 'open', run, session: this.#session })
      this.#begin(await firstOf(stream, signal))
      this.#backoff.reset()
      this.#stream = stream
      if (this.#failure != null) await stream.send(this.#failure)
      sending = this.#send(stream, gone.signal)
      const receiving = this.#receive(stream)
      // a stream that cannot be written to is not waited for
      await Promise.race([receiving, sending.then(() => receiving)])
    } finally {
      this.#stream = undefined
      gone.abort(new BakError('unreachable', 'the load stream broke'))
      if (signal.aborted) await stream.close()
      stream.abort(new BakError('interrupted', 'the load stream is over'))
      this.#wake()
      await sending?.catch(() => {})
    }
  }

  async #receive(stream: Call<FromLoader, ToLoader>): Promise<void> {
    for (let next = await stream.receive(); next !== undefined; next = await stream.receive()) this.#take(next.seq)
  }

  /** The controller goes on behind what it has. */
  #begin({ seq }: ToLoader): void {
    if (seq > this.#put) throw new BakError('bad-message', `block ${seq} was never sent`)
    if (seq < this.#taken)
      throw new BakError(
        'damaged',
        `the controller has forgotten samples: it took ${this.#taken} blocks, and knows ${seq}`
      )
    // what an earlier stream brought, and of which its answer was lost
    this.#sent = Math.max(this.#sent, seq)
    this.#take(seq)
    this.#sent = seq
  }

  #take(seq: number): void {
    if (seq > this.#sent) throw new BakError('bad-message', `block ${seq} was never sent`)
    if (seq <= this.#taken) return
    this.#faults = 0
    const taken = this.#kept.splice(0, seq - this.#taken)
    this.#taken = seq
    for (const { bytes, counts } of taken) {
      this.#bytes -= bytes
      this.#init.onTaken(counts)
    }
    this.#wake()
  }

  async #send(stream: Call<FromLoader, ToLoader>, gone: AbortSignal): Promise<void> {
    while (!gone.aborted) {
      const next = this.#kept[this.#sent - this.#taken]
      if (next == null) await this.#changed.promise
      else {
        // before it is on its way: it may be taken before the wait is over
        this.#sent++
        await stream.send(next.message)
      }
    }
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

async function firstOf(stream: Call<FromLoader, ToLoader>, signal: AbortSignal): Promise<ToLoader> {
  const late = () => new BakError('timeout', 'the controller did not say what it has taken')
  const first = await inTime(stream.receive(), { signal, ms: FIRST_ANSWER_MS, late })
  if (first == null) throw new BakError('unreachable', 'the controller closed the load stream')
  return first
}

function sizeOf(block: Unnumbered): number {
  if (block.type === 'samples') return block.columns.byteLength + OVERHEAD_BYTES
  return block.latency.byteLength + block.service.byteLength + block.processing.byteLength + OVERHEAD_BYTES
}
