/**
 * The member's stream to the controller: opened at `join`, kept until `terminate`, opened again whenever it breaks. It
 * carries acknowledgements one way, commands and signs of life of the controller the other, and what the clocks of both say. In a
 * run with branches a member has a second one, to its head.
 */
import { asBakError, BakError } from '../../protocols/errors.ts'
import { acksProtocol, type FromController, type FromMember } from '../../protocols/phase.ts'
import { type Call, call, type Opener } from '../../protocols/stream.ts'
import { Backoff } from '../backoff.ts'
import { StreamClock } from './stream-clock.ts'

export type Told = Extract<FromController, { type: 'command' | 'certificate' | 'notice' }>

export interface RunStreamClientInit {
  run: string
  open: Opener
  onLease(): void
  /** A command, a certificate to be held, or how phases ended. */
  onTold(message: Told): void
  /** The controller will not have an acknowledgement, or does not know the run any more. */
  onRefused(refusal: { seq?: number; code: BakError['code']; reason: string }): void
  /** Who does not know the run may come to know it: the line is tried again. */
  patient?: boolean
}

const RETRY = { first: 100, most: 5_000 }
/** What is said again of one phase when the line comes back; what is more the controller asks for itself. */
const MAX_HELD = 256

export class RunStreamClient {
  readonly #init: RunStreamClientInit
  readonly clock = new StreamClock()
  readonly #stopped = new AbortController()
  readonly #backoff = new Backoff(RETRY)
  #stream: Call<FromMember, FromController> | undefined
  /** What was said of the latest phase: the only one that can still be waiting. */
  #held: FromMember[] = []
  #seq = -1
  #loop: Promise<void> | undefined
  #finishing = false

  constructor(init: RunStreamClientInit) {
    this.#init = init
  }

  /** Whether what is sent now would go nowhere. */
  get closed(): boolean {
    return this.#loop == null || this.#stopped.signal.aborted
  }

  start(): void {
    this.#loop ??= this.#keepOpen()
  }

  /** Sends now if the line is up, else as soon as it is. */
  send(message: FromMember, seq: number): void {
    if (seq !== this.#seq) this.#held = []
    this.#seq = seq
    if (this.#held.length < MAX_HELD && !this.#held.some(each => isSame(each, message))) this.#held.push(message)
    this.#stream?.send(message).catch(error => this.#stream?.abort(error))
  }

  /** Closes when the controller does, which has last words, or after so many ms. */
  async finish(patience: number): Promise<void> {
    this.#finishing = true
    await Promise.race([this.#loop, pause(patience, this.#stopped.signal)])
    await this.stop()
  }

  /** Lets what was sent go out, then closes. */
  async stop(): Promise<void> {
    await this.#stream?.close()
    this.#stopped.abort(new BakError('interrupted', 'the run is over here'))
    await this.#loop
  }

  async #keepOpen(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#once()
      } catch (cause) {
        const error = asBakError(cause)
        if (!this.#init.patient && (error.code === 'no-such-run' || error.code === 'not-on-roster')) {
          if (!this.#finishing) this.#init.onRefused({ code: error.code, reason: error.message })
          return
        }
      }
      this.#stream = undefined
      this.clock.down()
      if (this.#finishing) return
      await pause(this.#backoff.next(), this.#stopped.signal)
    }
  }

  async #once(): Promise<void> {
    const stream = await call(this.#init.open, acksProtocol, { signal: this.#stopped.signal })
    await stream.send({ type: 'open', run: this.#init.run })
    this.#stream = stream
    this.clock.up(message => stream.send(message))
    for (const message of [...this.#held]) await stream.send(message)
    for await (const message of stream) {
      this.#backoff.reset()
      if (message.type === 'time') this.clock.heard(message)
      else if (message.type === 'lease') this.#init.onLease()
      else if (message.type === 'refused') this.#init.onRefused(message)
      else this.#init.onTold(message)
    }
  }
}

const isSame = (one: FromMember, other: FromMember) =>
  one.type === 'ack' && other.type === 'ack' && one.sealed === other.sealed

function pause(length: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, length)
    signal.addEventListener('abort', done)
    // it may have been stopped before the line broke
    if (signal.aborted) done()
  })
}
