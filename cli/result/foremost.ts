/** In which order metrics are read: the main ones first. Pure. */
import type { MetricSamples } from '../../protocols/metric-samples.ts'

type Ranked = Pick<MetricSamples, 'metric' | 'better' | 'main'>

/** Of a distribution, the tail says most of what a user feels. */
const OF_DISTRIBUTION = ['p99', 'mean', 'p50', 'p95', 'p99.9', 'max']
const NO_MAIN = 100

/**
 * For sorting, the first has the lowest: the main ones, then the others; of both what is got done, then what has no direction, then how long it
 * takes, then what else should be less.
 */
export function rankOf({ metric, better, main }: Ranked): number {
  const others = main ? 0 : NO_MAIN
  if (better === 'more') return others
  const [, last] = /(?:^|[._])(p\d+(?:\.\d+)?|mean|max|min|stddev|avg|average)$/.exec(metric) ?? []
  if (last != null) {
    const place = OF_DISTRIBUTION.indexOf(last.startsWith('av') ? 'mean' : last)
    return others + 2 + (place < 0 ? OF_DISTRIBUTION.length : place)
  }
  return others + (better == null ? 1 : OF_DISTRIBUTION.length + 3)
}

export const byRank = (one: Ranked, other: Ranked): number => rankOf(one) - rankOf(other)

/** @returns the main ones; all where none is */
export function mainOf<T extends Pick<Ranked, 'main'>>(metrics: T[]): T[] {
  const found = metrics.filter(({ main }) => main)
  return found.length > 0 ? found : metrics
}
