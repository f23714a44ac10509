/** An order that looks random and is the same for the same seed, on every machine. */
import { randomFrom } from '../random.ts'

/** Fisher-Yates. @returns a new array */
export function inRandomOrder<T>(items: readonly T[], seed: number): T[] {
  const mixed = [...items]
  const next = randomFrom(seed)
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T]
  }
  return mixed
}
