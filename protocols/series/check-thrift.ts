/**
 * Looks over what is in Thrift's compact protocol before hyparquet reads it. Its reader takes the length of a list at its word, and reads a
 * number of any length: 200 bytes make it take all memory, and a long number all time.
 */

/** Lists and structures in each other: a footer of Parquet has 6. */
const MAX_DEPTH = 16
/** Bytes of a number with 64 bits. */
const MAX_VARINT = 10

const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]

/**
 * @param bytes begin with a structure; what is behind it is left alone
 * @param most values that it may have, all lists and structures in it together
 * @throws {Error} what is wrong with it
 */
export function checkThrift(bytes: Uint8Array, most: number): void {
  new Walk(bytes, most).struct(0)
}

class Walk {
  readonly #bytes: Uint8Array
  #left: number
  #at = 0

  constructor(bytes: Uint8Array, most: number) {
    this.#bytes = bytes
    this.#left = most
  }

  struct(depth: number): void {
    for (let head = this.#byte(); (head & 0x0f) !== STOP; head = this.#byte()) {
      this.#count(1)
      // the number of the field is its own where it is not told as a difference
      if (head >> 4 === 0) this.#varint()
      const type = head & 0x0f
      if (type !== TRUE && type !== FALSE) this.#value(type, depth)
    }
  }

  #value(type: number, depth: number): void {
    switch (type) {
      case TRUE:
      case FALSE:
      case BYTE:
        return this.#skip(1)
      case I16:
      case I32:
      case I64:
        return void this.#varint()
      case DOUBLE:
        return this.#skip(8)
      case BINARY:
        return this.#skip(this.#varint())
      case LIST:
        return this.#list(inside(depth))
      case STRUCT:
        return this.struct(inside(depth))
      default:
        throw new Error(`a value has the type ${type}, which Parquet does not use`)
    }
  }

  #list(depth: number): void {
    const head = this.#byte()
    const length = head >> 4 === 15 ? this.#varint() : head >> 4
    this.#count(length)
    for (let i = 0; i < length; i++) this.#value(head & 0x0f, depth)
  }

  #count(values: number): void {
    this.#left -= values
    if (this.#left < 0) throw new Error('it has too many values')
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte == null) throw new Error('it ends too early')
    return byte
  }

  #skip(bytes: number): void {
    this.#at += bytes
    if (this.#at > this.#bytes.length) throw new Error('it ends too early')
  }

  /** @returns its value, where that is no larger than 2^53 */
  #varint(): number {
    let value = 0
    for (let i = 0; i < MAX_VARINT; i++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw new Error('a number is too long')
  }
}

function inside(depth: number): number {
  if (depth === MAX_DEPTH) throw new Error('it has too many lists and structures in each other')
  return depth + 1
}
