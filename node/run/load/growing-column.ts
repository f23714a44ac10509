/** Numbers one after the other, 8 bytes each. */
export class GrowingColumn {
  #values = new Float64Array(1_024)
  #length = 0

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length++] = value
  }

  get length(): number {
    return this.#length
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }
}
