/** The metrics of one workload, by name: the mean of all values of a name, in bounded memory. */
import { MAX_METRICS, type Metric } from '../../../protocols/metric.ts'
import type { SaidMetric } from './statement.ts'

/** Warnings that are kept; of further ones the number. */
const MAX_WARNINGS = 8

export class Metrics {
  readonly #byName = new Map<string, Metric>()
  readonly #warnings = new Set<string>()
  #unsaid = 0

  add({ name, value, unit, better, across, main }: SaidMetric): void {
    const known = this.#byName.get(name)
    const about = {
      ...(unit == null ? {} : { unit }),
      ...(better == null ? {} : { better }),
      ...(across == null ? {} : { across }),
      ...(main == null ? {} : { main })
    }
    if (known == null && this.#byName.size >= MAX_METRICS) {
      return this.warn(
        `a result has ${MAX_METRICS} metrics at most: the others, such as ${name}, are in its output only`
      )
    }
    if (known == null) return void this.#byName.set(name, { name, value, ...about, samples: 1 })
    known.samples++
    // no difference and no sum: of two finite numbers these may be infinite
    known.value = known.value * ((known.samples - 1) / known.samples) + value / known.samples
    this.#describe(known, about)
  }

  /** What is said of a metric first is kept. */
  #describe(known: Metric, about: Omit<SaidMetric, 'name' | 'value'>): void {
    const all: Metric = { ...about, ...known }
    Object.assign(known, all)
    for (const [key, others] of [
      ['unit', 'units'],
      ['better', 'directions'],
      ['across', 'sums']
    ] as const) {
      if (about[key] != null && about[key] !== all[key])
        this.warn(`metric ${known.name} has other ${others} beside ${all[key]}`)
    }
  }

  warn(text: string): void {
    // that of too many names is one warning, whatever name it gives
    const isKnown = this.#warnings.has(text) || [...this.#warnings].some(each => sameBegin(each, text))
    if (isKnown) return
    if (this.#warnings.size < MAX_WARNINGS) this.#warnings.add(text)
    else this.#unsaid++
  }

  /** In the order in which their names first came. */
  get list(): Metric[] {
    return [...this.#byName.values()]
  }

  get warnings(): string[] {
    const more = this.#unsaid === 0 ? [] : [`${this.#unsaid} more lines of the workload could not be read`]
    return [...this.#warnings, ...more]
  }
}

const sameBegin = (one: string, other: string) => one.startsWith('a result has') && other.startsWith('a result has')
