/** Choices that look random, the same for the same seed, so that a failure can be reproduced. */
import { randomFrom } from '../protocols/random.ts'

export class Dice {
  /** @returns a number from 0 up to, but not including, 1 */
  readonly next: () => number

  constructor(seed: number) {
    this.next = randomFrom(seed)
  }

  /** @returns one of them, or undefined if there is none */
  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.next() * from.length)]
  }
}
