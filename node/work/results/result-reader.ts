/** What a reader of results is, and what it writes to. */
import { createHash } from 'node:crypto'
import { cleanLine } from '../../../protocols/clean-line.ts'
import type { Across, Better } from '../../../protocols/metric.ts'
import type { Metrics } from '../stated/metrics.ts'
import { metricOf } from '../stated/statement.ts'
import type { OutputText } from './output-text.ts'

export interface ResultReader {
  /**
   * Whether a text is output of this program: by what no other program prints.
   * @param edges the begin and the end of the text
   */
  claims(edges: OutputText): boolean
  /** May throw: the rest is not read, and why is a warning. */
  read(output: OutputText, found: Found): void
}

/** Unit and meaning of a metric. */
export interface Meaning {
  unit?: string
  better?: Better
  across?: Across
  main?: true
}

/** Of which there is more with more members. */
export const throughput = (unit = '/s'): Meaning => ({ unit, better: 'more', across: 'sum' })
/** Of things that should not happen. */
export const errors: Meaning = { better: 'less', across: 'sum' }
export const meanTime = (unit = 'ms'): Meaning => ({ unit, better: 'less', across: 'mean' })
/** A percentile, or a maximum. */
export const worstTime = (unit = 'ms'): Meaning => ({ unit, better: 'less', across: 'max' })

/**
 * One of the main metrics: of each subject one throughput and one latency at most. Of latencies that is a percentile where there is one: a
 * client that waits for each answer has a mean that is its depth by its throughput, and says the same twice.
 */
export const main = (meaning: Meaning): Meaning => ({ ...meaning, main: true })

/** The numbers that a reader finds. */
export class Found {
  readonly #metrics: Metrics
  readonly #prefix: string
  #deadline: number | undefined
  /** Why the program says that it failed. */
  error: string | undefined
  /** Values that were found. */
  count = 0

  /** @param prefix of each name */
  constructor(metrics: Metrics, prefix: string) {
    this.#metrics = metrics
    this.#prefix = prefix
  }

  /**
   * A value that is missing or not finite is left out: programs print `nan` where they measured nothing.
   * @throws {Error} if all of them take too long
   * @param words of its name, such as the name of a job; what a name cannot have becomes `_`
   */
  add(words: string | string[], value: number | undefined, meaning: Meaning): void {
    if (value == null || !Number.isFinite(value)) return
    this.#deadline ??= performance.now() + MAX_TIME_MS
    if (performance.now() > this.#deadline)
      throw new Error(`its values take longer than ${MAX_TIME_MS} ms: the rest is not read`)
    const name = [this.#prefix, ...[words].flat().map(wordOf)].filter(word => word !== '').join('.')
    // units were converted: 118 us are 0.118 ms
    const rounded = Number(value.toPrecision(MAX_DIGITS))
    const said = metricOf({ name, value: rounded, ...meaning }, why => ({ kind: 'bad', why: `metric ${name}: ${why}` }))
    if (said.kind === 'bad') return this.warn(said.why)
    if (said.kind !== 'metric') return
    this.count++
    this.#metrics.add(said)
  }

  /** What cannot be read, or is not whole. */
  warn(text: string): void {
    this.#metrics.warn(cleanLine(text).slice(0, MAX_WARNING))
  }
}

/** From the first value on, ms: many more than a result has take as long. The daemon does nothing else then. */
const MAX_TIME_MS = 1_000
/** Digits of a value: those of a number that binary fractions keep. */
const MAX_DIGITS = 15
/** Characters of a warning. */
const MAX_WARNING = 300
/** Letters of one word of a name. */
const MAX_WORD = 32

/** @returns a part of a name of a metric: long ones end in a digest, so that two of them stay two */
export function wordOf(text: string): string {
  const word = text
    .trim()
    .replace(/[^A-Za-z0-9.@#-]+/g, '_')
    .replace(/^[^A-Za-z0-9]+|_+$/g, '')
  if (word.length <= MAX_WORD) return word
  return `${word.slice(0, MAX_WORD - 5)}#${createHash('sha256').update(text).digest('hex').slice(0, 4)}`
}
