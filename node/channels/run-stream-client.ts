/**
 * The member's end of a run stream: opened at `join`, kept until `terminate`, opened again whenever it breaks. In a large run a member
 * has a second one, to the member that aggregates its acknowledgements.
 */
import type { Envelope } from '../../protocols/envelope.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { type FromController, type FromMember, runStreamProtocol } from '../../protocols/run-stream.ts'
import { cutMissing, type Missing } from '../../protocols/shortfall.ts'
import { type Call, call, type Opener } from '../../protocols/stream.ts'
import type { WorkState } from '../../protocols/work-state.ts'
import { Backoff } from '../backoff.ts'
import { pause } from '../wait.ts'
import { AckBatches } from './ack-batches.ts'
import { StreamCalls } from './stream-calls.ts'
import { StreamClock } from './stream-clock.ts'

export interface RunStreamClientInit {
  run: string
  open: Opener
  /** The controller, or the aggregator, is alive. */
  onLease?(): void
  onContent?(bytes: Uint8Array): void
  /** To be kept for others. */
  onCertificate?(sealed: Envelope): void
  /** An acknowledgement, of the member `by`, does not count; or, without one, the stream is not accepted any more. */
  onRefused?(refusal: { by?: string; seq?: number; code: BakError['code']; reason: string }): void
  /** The stream, which was open, broke. */
  onDown?(): void
  /** The other side may come to know the run later: a stream that is refused is tried again. */
  retryRefused?: boolean
}

const RETRY_MS = { first: 100, most: 5_000 }
/** Acknowledgements of one phase that are sent again when the stream is back; for more the controller repeats its command. */
const MAX_KEPT = 256
/** States of workloads that are told again when the stream is back. */
const MAX_REPORTS = 256

export class RunStreamClient {
  readonly #init: RunStreamClientInit
  readonly clock = new StreamClock()
  readonly calls = new StreamCalls()
  readonly #stopped = new AbortController()
  readonly #backoff = new Backoff(RETRY_MS)
  #stream: Call<FromMember, FromController> | undefined
  /** Acknowledgements of the latest phase, the only ones that can still be waited for. */
  #kept = new Set<Envelope>()
  #seq = -1
  /** What was told of workloads last. */
  readonly #reports = new Map<string, WorkState>()
  #loop: Promise<void> | undefined
  #finishing = false

  constructor(init: RunStreamClientInit) {
    this.#init = init
  }

  /** Whether what is sent now would go nowhere. */
  get closed(): boolean {
    return this.#loop == null || this.#stopped.signal.aborted
  }

  /** Whether the stream is open now. */
  get isUp(): boolean {
    return this.#stream != null
  }

  /** Acknowledgements of the latest phase, which a stream that broke may have lost. */
  get kept(): { acks: Envelope[]; seq: number } {
    return { acks: [...this.#kept], seq: this.#seq }
  }

  start(): void {
    this.#loop ??= this.#keepOpen()
  }

  /** Sends now if the stream is open, else as soon as it is. @param seq number of the phase */
  send(acks: Envelope[], seq: number): void {
    if (seq !== this.#seq) this.#kept.clear()
    this.#seq = seq
    for (const ack of acks) if (this.#kept.size < MAX_KEPT) this.#kept.add(ack)
    const stream = this.#stream
    if (stream != null) sendAcks(stream, acks).catch(error => stream.abort(error))
  }

  /** Tells the controller at once what will be in a later answer; nothing if there is no stream now. */
  tell(missing: Missing): void {
    this.#stream?.send({ type: 'missing', ...cutMissing(missing) }).catch(() => {})
  }

  /** How far this member is with what is staged, bytes; nothing if there is no stream now. */
  tellStaging(done: number, total: number): void {
    this.#stream?.send({ type: 'staging', done, total }).catch(() => {})
  }

  /** Tells the controller at once what a workload does; again when a stream that broke is back. */
  report(state: WorkState): void {
    const { step, workload, instance } = state
    const key = `${step.number}/${step.sample}/${workload}/${instance}/${state.state}`
    if (this.#reports.size >= MAX_REPORTS) this.#reports.delete(this.#reports.keys().next().value as string)
    this.#reports.set(key, state)
    this.#stream?.send({ type: 'work', ...state }).catch(() => {})
  }

  /** Closes when the controller does, whose last messages may be on their way, or after so many ms. */
  async finish(waitMs: number): Promise<void> {
    this.#finishing = true
    await Promise.race([this.#loop, pause(waitMs, this.#stopped.signal)])
    await this.stop()
  }

  /** Lets what was sent go out, then closes. */
  async stop(): Promise<void> {
    await this.#stream?.close()
    this.#stopped.abort(new BakError('interrupted', 'the run is over here'))
    this.calls.end()
    await this.#loop
  }

  async #keepOpen(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        await this.#once()
      } catch (cause) {
        const { code, message: reason } = asBakError(cause)
        if (!this.#init.retryRefused && (code === 'no-such-run' || code === 'not-on-roster')) {
          this.clock.down()
          this.calls.end()
          if (!this.#finishing) this.#init.onRefused?.({ code, reason })
          return
        }
      }
      const wasUp = this.isUp
      this.#stream = undefined
      this.clock.down()
      this.calls.down()
      if (wasUp) this.#init.onDown?.()
      if (this.#finishing) return
      await pause(this.#backoff.next(), signal)
    }
  }

  async #once(): Promise<void> {
    const stream = await call(this.#init.open, runStreamProtocol, { signal: this.#stopped.signal })
    await stream.send({ type: 'open', run: this.#init.run })
    this.#stream = stream
    this.clock.up(message => stream.send(message))
    this.calls.up(message => stream.send(message))
    await sendAcks(stream, [...this.#kept])
    for (const state of this.#reports.values()) await stream.send({ type: 'work', ...state })
    for await (const message of stream) {
      this.#backoff.reset()
      this.#receive(message)
    }
  }

  #receive(message: FromController): void {
    if (message.type === 'time') this.clock.onAnswer(message)
    else if (message.type === 'answers') this.calls.onAnswers(message)
    else if (message.type === 'lease') this.#init.onLease?.()
    else if (message.type === 'content') this.#init.onContent?.(message.bytes)
    else if (message.type === 'certificate') this.#init.onCertificate?.(message.sealed)
    else this.#init.onRefused?.(message)
  }
}

/** In messages that each fit into a frame. */
async function sendAcks(stream: Call<FromMember, FromController>, acks: Envelope[]): Promise<void> {
  const batches = new AckBatches()
  batches.take('', acks)
  await Promise.all(batches.flush().map(sealed => stream.send({ type: 'acks', sealed })))
}
