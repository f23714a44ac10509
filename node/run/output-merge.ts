/**
 * Puts what several peers send of the output of a run into one order, that of the time at which it was written, with one portion of
 * each in memory. A peer that has told all and is silent is waited for a moment only: what comes later than that comes late.
 */
import { asBakError } from '../../protocols/errors.ts'
import type { OutputMark, OutputPortion } from '../../protocols/output.ts'
import { Heap } from '../heap.ts'
import { onAbort } from '../wait.ts'

/** Output may come so much later than it was written and still be put in its place, ms: an interval at which files are looked at, and the way. */
const WINDOW_MS = 400
/** A source that has not told yet what there is may be silent so long, ms. */
const PATIENCE_MS = 5_000

interface Source {
  /** It has told all that there was, and goes on. */
  isLive: boolean
  /** When it was last heard of or listened to, by the monotonic clock. */
  since: number
}

interface Held {
  source: Source
  portion: OutputPortion
  /** By the monotonic clock. */
  since: number
  order: number
  release(): void
}

export class OutputMerge<Note> {
  readonly #signal: AbortSignal
  /** One portion of each source. */
  readonly #held = new Heap<Held>((a, b) => (a.portion.at ?? 0) - (b.portion.at ?? 0) || a.order - b.order)
  /** Sources of which nothing is held. */
  readonly #loading = new Set<Source>()
  readonly #silent = new Set<Source>()
  readonly #notes: Note[] = []
  /** How far this machine's clock is ahead of the controller's, with the shortest way. */
  #ahead = Number.POSITIVE_INFINITY
  #sources = 0
  #order = 0
  #isClosed = false
  #error: Error | undefined
  #changed = Promise.withResolvers<void>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** @param portions those of one peer, in order; an error ends the merge */
  add(portions: AsyncIterable<OutputPortion | OutputMark>): void {
    this.#sources++
    void this.#listen(portions).catch(cause => this.fail(asBakError(cause)))
  }

  /** Comes out at once. */
  say(note: Note): void {
    this.#notes.push(note)
    this.#wake()
  }

  fail(error: Error): void {
    this.#error ??= error
    this.#wake()
  }

  /** No source is added any more. */
  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputPortion | Note> {
    const removeListener = onAbort(this.#signal, () => this.#wake())
    try {
      for (;;) {
        this.#signal.throwIfAborted()
        if (this.#error != null) throw this.#error
        for (let note = this.#notes.shift(); note !== undefined; note = this.#notes.shift()) yield note
        const wait = this.#waitFor(this.#held.peek())
        if (wait === 0) {
          const least = this.#held.pop() as Held
          yield least.portion
          this.#expect(least.source)
          least.release()
        } else {
          if (this.#isClosed && this.#sources === 0) return
          await this.#change(wait)
        }
      }
    } finally {
      // whoever listens no more lets the sources end
      this.#error ??= new Error('the merge has ended')
      for (let held = this.#held.pop(); held != null; held = this.#held.pop()) held.release()
      removeListener()
    }
  }

  async #listen(portions: AsyncIterable<OutputPortion | OutputMark>): Promise<void> {
    const source: Source = { isLive: false, since: 0 }
    this.#expect(source)
    try {
      for await (const next of portions) {
        if ('stream' in next) await this.#hold(source, next)
        else if ('caughtUp' in next) this.#catchUp(source, next.caughtUp)
        if (this.#error != null) return
      }
    } finally {
      this.#sources--
      this.#forget(source)
      this.#wake()
    }
  }

  #hold(source: Source, portion: OutputPortion): Promise<void> {
    this.#forget(source)
    return new Promise(release => {
      this.#held.push({ source, portion, since: performance.now(), order: this.#order++, release })
      this.#wake()
    })
  }

  #catchUp(source: Source, caughtUp: number): void {
    this.#forget(source)
    source.isLive = true
    this.#ahead = Math.min(this.#ahead, Date.now() - caughtUp)
    this.#expect(source)
    this.#wake()
  }

  /** Its next portion is still to come. */
  #expect(source: Source): void {
    source.since = performance.now()
    const waiting = source.isLive ? this.#silent : this.#loading
    waiting.add(source)
  }

  #forget(source: Source): void {
    this.#loading.delete(source)
    this.#silent.delete(source)
  }

  /** @returns ms after which a portion can come out at the earliest: 0 is now, undefined is not before something changes */
  #waitFor(held: Held | undefined): number | undefined {
    if (held == null) return undefined
    // what bears a time to come is not waited for
    const written = Math.min(held.since, (held.portion.at ?? 0) + this.#ahead - Date.now() + performance.now())
    const window = this.#silent.size === 0 ? 0 : written + WINDOW_MS - performance.now()
    const patience = [...this.#loading].map(({ since }) => since + PATIENCE_MS - performance.now())
    return Math.max(0, window, ...patience)
  }

  async #change(wait: number | undefined): Promise<void> {
    const timer = wait == null ? undefined : setTimeout(() => this.#wake(), Math.ceil(wait))
    await this.#changed.promise
    clearTimeout(timer)
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
