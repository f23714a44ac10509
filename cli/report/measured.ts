/** When tools measured the samples that count: over these times a report has its means, as `bak show` does. Pure. */
import type { StoredEvent } from '../../protocols/events.ts'
import { stepFolder } from '../../protocols/layout.ts'
import type { ResultSample } from '../result/open-result.ts'
import { windowsOf } from '../result/windows.ts'
import type { Span } from './read-member.ts'

/**
 * The point of an interval is at its end, so that the last interval of the work may have its point behind it.
 * @param spans of files of series, by their path
 * @param begun zero of the times, ms since 1970
 * @returns of each sample from the first point that any member has to the last; of persistent tools alone from `start` to `stop`
 */
export function measuredIn(
  samples: ResultSample[],
  spans: Map<string, Span>,
  events: StoredEvent[],
  begun: number
): Array<{ from: number; to: number }> {
  const windows = windowsOf(events)
  const seconds = (ms: number) => (ms - begun) / 1000
  return samples.flatMap(({ step, series }) => {
    if (step.warmup) return []
    const own = [...series.values()].flatMap(path => spans.get(path) ?? [])
    const { from, to } = windows.get(stepFolder(step)) ?? { from: 0, to: Number.POSITIVE_INFINITY }
    if (own.length > 0)
      return [
        { from: seconds(Math.min(...own.map(each => each.from))), to: seconds(Math.max(...own.map(each => each.to))) }
      ]
    return Number.isFinite(to) ? [{ from: seconds(from), to: seconds(to) }] : []
  })
}
