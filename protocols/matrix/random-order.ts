/** An order that looks random and is the same for the same seed, on every machine. */

/** mulberry32: 32 bits of state are enough to mix samples; @returns numbers from 0 up to, but without, 1 */
function numbersOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Fisher-Yates. @returns a new array */
export function inRandomOrder<T>(items: readonly T[], seed: number): T[] {
  const mixed = [...items]
  const next = numbersOf(seed)
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T]
  }
  return mixed
}
