/** The received part of a small tarball, in memory: each stream begins at its first byte. */
import { digestOf } from '../../protocols/digest.ts'
import { BakError } from '../../protocols/errors.ts'

export class InMemorySink {
  readonly #digest: string
  readonly #buffer: Uint8Array
  #size = 0

  constructor(digest: string, bytes: number) {
    this.#digest = digest
    this.#buffer = new Uint8Array(bytes)
  }

  size(): number {
    return this.#size
  }

  /** @throws {BakError} `bad-message` unless `offset` is the present size and the bytes fit */
  append(offset: number, bytes: Uint8Array): void {
    if (offset !== this.#size || offset + bytes.length > this.#buffer.length) {
      throw new BakError(
        'bad-message',
        `${this.#size} bytes are here: ${bytes.length} at ${offset} do not continue them`
      )
    }
    this.#buffer.set(bytes, offset)
    this.#size += bytes.length
  }

  /** @throws {BakError} `mismatch` if the bytes do not have the digest; the sink is then empty */
  finish(): Uint8Array {
    const actual = digestOf(this.#buffer.subarray(0, this.#size))
    if (actual === this.#digest) return this.#buffer
    this.#size = 0
    throw new BakError('mismatch', `the received bytes have the digest ${actual}, not ${this.#digest}`)
  }
}
