/** Shows what a workload writes while it writes it. Its output goes to files, never through the daemon; this reads along. */
import { statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AlignedTimer } from '../mesh/idle/timer.ts'

/** How often to look for more, ms: often while there is some, and ever less while there is none, or nobody watches. */
const SOON = 100
const SELDOM = 1_000
/** Read at once, and most that a reader may be behind before it jumps ahead, bytes. */
const PORTION = 64 * 1024
const MAX_BEHIND = 1024 * 1024

export class Tail {
  readonly #path: string
  readonly #show: (text: string) => void
  readonly #decoder = new TextDecoder()
  #offset = 0
  #beat: AlignedTimer | undefined
  #pause = SOON
  #reading: Promise<void> = Promise.resolve()

  constructor(path: string, show: (text: string) => void) {
    this.#path = path
    this.#show = show
  }

  /** @param wanted asked before each look: nobody may be watching */
  start(wanted: () => boolean): void {
    const look = () => {
      const more = wanted() && this.#hasMore()
      this.#pause = more ? SOON : Math.min(2 * this.#pause, SELDOM)
      if (more) this.#reading = this.#reading.then(() => this.#read(1))
    }
    this.#beat = new AlignedTimer(look, () => this.#pause)
    this.#beat.start()
  }

  /** Asked at once: to wait for the answer would wake threads that sleep, for a workload that is silent. */
  #hasMore(): boolean {
    try {
      return (statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) > this.#offset
    } catch {
      return false
    }
  }

  /** Shows the rest. */
  async stop(): Promise<void> {
    this.#beat?.stop()
    this.#reading = this.#reading.then(() => this.#read(MAX_BEHIND / PORTION))
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
    if (behind <= MAX_BEHIND) return
    const skipped = behind - MAX_BEHIND / 2
    this.#offset += skipped
    this.#show(`\n[... ${skipped} bytes not shown: they are in ${this.#path}]\n`)
  }

  /** @returns whether there may be more */
  async #portion(file: FileHandle): Promise<boolean> {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PORTION), 0, PORTION, this.#offset)
    if (bytesRead === 0) return false
    this.#offset += bytesRead
    this.#show(this.#decoder.decode(buffer.subarray(0, bytesRead), { stream: true }))
    return bytesRead === PORTION
  }
}
