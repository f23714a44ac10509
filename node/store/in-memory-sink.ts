/** A small tarball as far as it has come: in memory, where it begins anew with each stream. */
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'

export class InMemorySink {
  readonly #digest: string
  readonly #whole: Uint8Array
  #size = 0

  constructor(digest: string, bytes: number) {
    this.#digest = digest
    this.#whole = new Uint8Array(bytes)
  }

  size(): number {
    return this.#size
  }

  /** @throws {BakError} `bad-message` unless `offset` is where it ends, and there is room for it */
  append(offset: number, bytes: Uint8Array): void {
    if (offset !== this.#size || offset + bytes.length > this.#whole.length) {
      throw new BakError('bad-message', `${this.#size} bytes are here: cannot go on with ${bytes.length} at ${offset}`)
    }
    this.#whole.set(bytes, offset)
    this.#size += bytes.length
  }

  /** @throws {BakError} `mismatch` if it is not what the digest says; it then begins at 0 */
  finish(): Uint8Array {
    const actual = digestOf(this.#whole.subarray(0, this.#size))
    if (actual === this.#digest) return this.#whole
    this.#size = 0
    throw new BakError('mismatch', `the bytes that came have the digest ${actual}, not ${this.#digest}`)
  }
}
