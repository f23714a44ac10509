import type { Bench } from '../bench.ts'
import type { Figure } from '../figure.ts'

/** One subject of the bench. */
export interface Part {
  name: string
  /** What it measures, in a line. */
  about: string
  /** Gives figures as they come; registers with `bench.after` whatever it starts. */
  measure(bench: Bench): AsyncGenerator<Figure>
}
