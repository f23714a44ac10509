/** What a workload says that it does now, read along from its stdout: its phase and progress, for whoever looks on. */
import type { Stated } from '../../../protocols/metric.ts'
import { MarkedLines } from './marked-lines.ts'
import { readStatement } from './statement.ts'

export class StatedNow {
  readonly #onChange: (now: Stated) => void
  #now: Stated = {}
  #next = 0
  #isChanged = false
  readonly #lines = new MarkedLines(line => {
    const said = readStatement(line)
    // a new phase begins anew
    if (said?.kind === 'phase') this.#set({ phase: said.phase })
    else if (said?.kind === 'progress') this.#set({ ...this.#now, progress: said.progress })
  })

  /** @param onChange gets what was said last, at most once for each portion */
  constructor(onChange: (now: Stated) => void) {
    this.#onChange = onChange
  }

  /** @param offset where the portion begins: one that was left out before it may end in mid line */
  push(portion: Uint8Array, offset: number): void {
    if (offset !== this.#next) this.#lines.skip()
    this.#next = offset + portion.length
    this.#lines.push(portion)
    if (!this.#isChanged) return
    this.#isChanged = false
    this.#onChange(this.#now)
  }

  #set(now: Stated): void {
    this.#isChanged ||= now.phase !== this.#now.phase || now.progress !== this.#now.progress
    this.#now = now
  }
}
