/** Reads along what a workload on a member says that it does now, from its stdout: seldom, and of much output only the end. */
import type { Stated } from '../../../protocols/metric.ts'
import { AlignedTimer } from '../../mesh/idle/timer.ts'
import { GrowingFile } from '../../store/growing-file.ts'
import { StatedNow } from './stated-now.ts'

/** Between two looks: people see it, and nothing waits for it. */
const LOOK_MS = 500
/** Read at one look: what came before that is older news. */
const PORTION_BYTES = 64 * 1024

export class StatedTail {
  readonly #file: GrowingFile
  readonly #now: StatedNow
  readonly #timer = new AlignedTimer(
    () => void this.#look(),
    () => LOOK_MS
  )
  #read = 0
  #isReading = false

  constructor(path: string, onChange: (now: Stated) => void) {
    this.#file = new GrowingFile(path)
    this.#now = new StatedNow(now => {
      if (this.#isReading) onChange(now)
    })
  }

  start(): void {
    this.#timer.start()
  }

  /** Nothing is told after this. */
  stop(): void {
    this.#timer.stop()
    this.#isReading = false
  }

  async #look(): Promise<void> {
    const size = this.#file.size()
    if (this.#isReading || size <= this.#read) return
    this.#isReading = true
    const from = Math.max(this.#read, size - PORTION_BYTES)
    // a file that cannot be read now is named when the workload has ended
    const portion = await this.#file.read(from, size - from).catch(() => new Uint8Array(0))
    this.#now.push(portion, from)
    this.#read = from + portion.length
    this.#isReading = false
  }
}
