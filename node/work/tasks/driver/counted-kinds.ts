/** Kinds of errors in one block: few, the rest is `other`. */
import { MAX_ERROR_KINDS, MAX_KIND_LENGTH, OTHER_KIND } from '../../../../protocols/tasks/sample-block.ts'

export class ErrorKinds {
  readonly names: string[] = []
  readonly #counts: number[] = []

  /** Counts one more of its kind. */
  indexOf(kind: string): number {
    let at = this.names.indexOf(kind.slice(0, MAX_KIND_LENGTH))
    if (at < 0) at = this.#add(kind.slice(0, MAX_KIND_LENGTH))
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    return at
  }

  get counts(): { kind: string; count: number }[] {
    return this.names.map((kind, at) => ({ kind, count: this.#counts[at] ?? 0 }))
  }

  #add(kind: string): number {
    const isLast = this.names.length >= MAX_ERROR_KINDS - 1
    const other = isLast ? this.names.indexOf(OTHER_KIND) : -1
    return other >= 0 ? other : this.names.push(isLast ? OTHER_KIND : kind) - 1
  }
}
