/**
 * Shows what a workload writes while it writes it. Its output goes to files, never through the daemon; this reads along, and jumps over
 * what it cannot keep up with: each portion says where it lies.
 */
import { wholeCharacters } from '../../protocols/output.ts'
import { AlignedTimer } from '../mesh/idle/timer.ts'
import { GrowingFile } from '../store/growing-file.ts'

/** Interval at which the file is polled: short while it grows, doubled each time while it does not, or nobody watches. */
const MIN_INTERVAL_MS = 100
const MAX_INTERVAL_MS = 1_000
/** Bytes that are read at once, and that a reader may be behind before it skips some. */
const PORTION_BYTES = 64 * 1024
const MAX_BEHIND_BYTES = 1024 * 1024

export class Tail {
  readonly #file: GrowingFile
  readonly #show: (bytes: Uint8Array, offset: number) => void
  #offset = 0
  #timer: AlignedTimer | undefined
  #interval = MIN_INTERVAL_MS
  #reading: Promise<void> = Promise.resolve()

  constructor(path: string, show: (bytes: Uint8Array, offset: number) => void) {
    this.#file = new GrowingFile(path)
    this.#show = show
  }

  /** Bytes that were written so far. */
  get size(): number {
    return this.#file.size()
  }

  /** @param wanted false while nobody watches */
  start(wanted: () => boolean): void {
    const poll = () => {
      const more = wanted() && this.size > this.#offset
      this.#interval = more ? MIN_INTERVAL_MS : Math.min(2 * this.#interval, MAX_INTERVAL_MS)
      if (more) this.#reading = this.#reading.then(() => this.#read(1, false))
    }
    this.#timer = new AlignedTimer(poll, () => this.#interval)
    this.#timer.start()
  }

  /** Shows the rest. */
  async stop(): Promise<void> {
    this.#timer?.stop()
    this.#reading = this.#reading.then(() => this.#read(MAX_BEHIND_BYTES / PORTION_BYTES, true))
    await this.#reading
  }

  async #read(portions: number, isLast: boolean): Promise<void> {
    this.#catchUp()
    for (let i = 0; i < portions; i++) if (!(await this.#portion(isLast))) return
  }

  /** Jumps over what nobody could read anyway; the file has it all. */
  #catchUp(): void {
    const behind = this.size - this.#offset
    if (behind > MAX_BEHIND_BYTES) this.#offset += behind - MAX_BEHIND_BYTES / 2
  }

  /** A character whose end is not written yet waits for it. @returns whether there may be more */
  async #portion(isLast: boolean): Promise<boolean> {
    const bytes = await this.#file.read(this.#offset, PORTION_BYTES).catch(() => new Uint8Array(0))
    const isEnd = bytes.length < PORTION_BYTES
    const length = isEnd && isLast ? bytes.length : wholeCharacters(bytes)
    if (length > 0) this.#show(bytes.subarray(0, length), this.#offset)
    this.#offset += length
    return !isEnd
  }
}
