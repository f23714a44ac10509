/** Shows what a workload writes while it writes it. Its output goes to files, never through the daemon; this reads along. */
import { statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AlignedTimer } from '../mesh/idle/timer.ts'

/** Interval at which the file is polled: short while it grows, doubled each time while it does not, or nobody watches. */
const MIN_INTERVAL_MS = 100
const MAX_INTERVAL_MS = 1_000
/** Bytes that are read at once, and that a reader may be behind before it skips some. */
const PORTION_BYTES = 64 * 1024
const MAX_BEHIND_BYTES = 1024 * 1024

export class Tail {
  readonly #path: string
  readonly #show: (text: string) => void
  readonly #decoder = new TextDecoder()
  #offset = 0
  #timer: AlignedTimer | undefined
  #interval = MIN_INTERVAL_MS
  #reading: Promise<void> = Promise.resolve()

  constructor(path: string, show: (text: string) => void) {
    this.#path = path
    this.#show = show
  }

  /** @param wanted false while nobody watches */
  start(wanted: () => boolean): void {
    const poll = () => {
      const more = wanted() && this.#hasMore()
      this.#interval = more ? MIN_INTERVAL_MS : Math.min(2 * this.#interval, MAX_INTERVAL_MS)
      if (more) this.#reading = this.#reading.then(() => this.#read(1))
    }
    this.#timer = new AlignedTimer(poll, () => this.#interval)
    this.#timer.start()
  }

  /** Synchronous: to wait for the answer would wake threads that sleep, for a workload that is silent. */
  #hasMore(): boolean {
    try {
      return (statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) > this.#offset
    } catch {
      return false
    }
  }

  /** Shows the rest. */
  async stop(): Promise<void> {
    this.#timer?.stop()
    this.#reading = this.#reading.then(() => this.#read(MAX_BEHIND_BYTES / PORTION_BYTES))
    await this.#reading
  }

  async #read(portions: number): Promise<void> {
    const file = await open(this.#path, 'r').catch(() => undefined)
    if (file == null) return
    try {
      await this.#catchUp(file)
      for (let i = 0; i < portions; i++) if (!(await this.#portion(file))) return
    } finally {
      await file.close()
    }
  }

  /** Jumps over what nobody could read anyway; the file has it all. */
  async #catchUp(file: FileHandle): Promise<void> {
    const { size } = await file.stat()
    const behind = size - this.#offset
    if (behind <= MAX_BEHIND_BYTES) return
    const skipped = behind - MAX_BEHIND_BYTES / 2
    this.#offset += skipped
    this.#show(`\n[... ${skipped} bytes not shown: they are in ${this.#path}]\n`)
  }

  /** @returns whether there may be more */
  async #portion(file: FileHandle): Promise<boolean> {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PORTION_BYTES), 0, PORTION_BYTES, this.#offset)
    if (bytesRead === 0) return false
    this.#offset += bytesRead
    this.#show(this.#decoder.decode(buffer.subarray(0, bytesRead), { stream: true }))
    return bytesRead === PORTION_BYTES
  }
}
