/** What a driver is told and what it says, from its start to its end: who asks gets its answer, or why it does not go on; the rest goes to the sample. */
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { cutText } from '../../../protocols/fields.ts'
import { inTime, within } from '../../wait.ts'
import type { FromDriver, ToDriver } from './driver-messages.ts'
import type { RunningDriver } from './running-driver.ts'
import { SilenceWatch } from './silence-watch.ts'

/** From `begin` until all its threads are there, ms. */
const READY_TIMEOUT_MS = 60_000

export type Driver = Pick<RunningDriver, 'send' | 'messages' | 'ending' | 'stop'>
type Done = Extract<FromDriver, { type: 'done' }>
export type Said = Exclude<FromDriver, { type: 'ready' | 'done' }>

interface Listener {
  /** @throws {BakError} for what it cannot say now: it does not go on then */
  onSaid(message: Said): void
  /** It does not go on. */
  onFailed(why: string): void
  /** Nothing more comes of it. */
  onGone(): void
}

export class DriverDialog {
  readonly #listener: Listener
  readonly #silence = new SilenceWatch(why => this.fail(why))
  readonly #failed = new AbortController()
  readonly #ready = Promise.withResolvers<void>()
  /** What it was asked to do: of what was given up the answer may still come. */
  readonly #asked = new Map<Done['what'], PromiseWithResolvers<Done>>()
  #driver: Driver | undefined
  #isOver = false

  constructor(listener: Listener) {
    this.#listener = listener
  }

  /** Why it does not go on; undefined while it does. */
  get failure(): BakError | undefined {
    return this.#failed.signal.aborted ? this.#failed.signal.reason : undefined
  }

  /** @throws {BakError} why it does not go on, `state` if it was never begun or is over */
  check(): void {
    if (this.failure != null) throw this.failure
    if (this.#driver == null || this.#isOver) throw new BakError('state', 'the clients are not prepared')
  }

  /** Waits until all its threads are there. @throws {BakError} why they are not */
  async begin(start: Promise<Driver>, begin: ToDriver, signal: AbortSignal): Promise<void> {
    const driver = await start
    this.#driver = driver
    void this.#listen(driver)
    // of one that is gone its end says more
    driver.send(begin).catch(({ code, message }: BakError) => code === 'unreachable' || this.fail(message))
    const late = () => new BakError('workload-failed', `the load driver was not ready in ${READY_TIMEOUT_MS / 1000} s`)
    await inTime(this.#ready.promise, { signal: this.#unlessFailed(signal), ms: READY_TIMEOUT_MS, late })
    this.#silence.start()
  }

  /** @throws {BakError} why that failed */
  async do(what: Done['what'], signal: AbortSignal): Promise<Done> {
    this.check()
    const done = Promise.withResolvers<Done>()
    this.#asked.set(what, done)
    this.say({ type: what })
    const said = await within(done.promise, this.#unlessFailed(signal))
    if (said.error != null) throw new BakError('workload-failed', said.error)
    return said
  }

  /** A driver that is gone is noticed where it is listened to. */
  say(message: ToDriver): void {
    this.#driver?.send(message).catch(() => {})
  }

  fail(why: string): void {
    if (this.failure != null || this.#isOver) return
    this.#failed.abort(new BakError('workload-failed', cutText(why)))
    this.#silence.stop()
    this.#listener.onFailed(why)
    void this.#driver?.stop(0)
  }

  /** Never rejects. @returns what is odd about its files */
  async stop(graceMs: number): Promise<string[]> {
    this.#isOver = true
    this.#silence.stop()
    return (await this.#driver?.stop(graceMs)) ?? []
  }

  async #listen(driver: Driver): Promise<void> {
    try {
      for await (const message of driver.messages()) {
        this.#silence.heard()
        if (message.type === 'ready') this.#ready.resolve()
        else if (message.type === 'done') this.#asked.get(message.what)?.resolve(message)
        else this.#listener.onSaid(message)
      }
      if (this.failure == null && !this.#isOver) this.fail(await driver.ending())
    } catch (cause) {
      this.fail(`the load driver: ${asBakError(cause).message}`)
    }
    this.#listener.onGone()
  }

  readonly #unlessFailed = (signal: AbortSignal) => AbortSignal.any([signal, this.#failed.signal])
}
