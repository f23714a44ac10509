/** `--fail-on "p99 > 5%"`: conditions on the change of metrics, and whether they hold, do not hold or cannot be told. Pure. */
import { globOf } from '../../protocols/glob.ts'
import type { Better } from '../../protocols/metric.ts'
import type { ComparedMetric } from './compare-metrics.ts'
import { judge } from './statistics/judge.ts'
import { MIN_SAMPLES } from './statistics/needed-samples.ts'

export interface Condition {
  /** As it was written. */
  text: string
  /** A metric, its last parts, or a pattern with stars; all where it is left out. */
  metric?: string
  /** `>`: it rose by more than the share; `<`: it fell by more than it; `worse`: it changed to the worse by more than it. */
  how: '>' | '<' | 'worse'
  /** A share of the baseline's median, 0 or more: 0.05; that of --threshold where it is left out. */
  share?: number
}

export interface GateResult {
  condition: string
  /** Metrics of which it holds. */
  failed: string[]
  /** Metrics of which nobody can tell, with the samples of each group that would. */
  undecided: Array<{ metric: string; needed?: number }>
  /** Metrics that it is about. */
  tested: number
}

const WORSE = /^(?:(\S+)\s+)?worse(?:\s+than\s+([\d.]+)\s*%)?$/
const CHANGE = /^(?:(\S+)\s*)?([<>])\s*([+-]?[\d.]+)\s*%$/

/** @returns undefined for a text that is no condition */
export function readCondition(text: string): Condition | undefined {
  const trimmed = text.trim()
  const [worse, of, than] = WORSE.exec(trimmed) ?? []
  if (worse != null) {
    const share = than == null ? undefined : shareOf(than)
    if (than != null && share == null) return undefined
    return { text: trimmed, how: 'worse', ...(of == null ? {} : { metric: of }), ...(share == null ? {} : { share }) }
  }
  const [, metric, how, percent = ''] = CHANGE.exec(trimmed) ?? []
  const share = shareOf(percent.replace(/^[+-]/, ''))
  // a rise is stated as > 5%, a fall as < -5%
  if ((how !== '>' && how !== '<') || share == null) return undefined
  if (percent.startsWith('-') !== (how === '<') && share !== 0) return undefined
  return { text: trimmed, how, share, ...(metric == null ? {} : { metric }) }
}

function shareOf(percent: string): number | undefined {
  const share = Number(percent) / 100
  return percent === '' || !Number.isFinite(share) ? undefined : share
}

/** @returns whether a name is meant: itself, a name that ends in its parts (`p99` is that of `fio.read.clat.p99`), or a pattern */
export function isMeant(wanted: string, metric: string): boolean {
  return wanted === metric || metric.endsWith(`.${wanted}`) || globOf(wanted)(metric)
}

/** @param tests made together in the comparison @param threshold of the comparison, a share */
export function decide(condition: Condition, metrics: ComparedMetric[], tests: number, threshold: number): GateResult {
  const { metric: wanted, text } = condition
  const about = wanted == null ? metrics : metrics.filter(({ metric }) => isMeant(wanted, metric))
  const failed: string[] = []
  const undecided: GateResult['undecided'] = []
  for (const each of about) {
    for (const difference of each.against) {
      const name = [each.metric, ...(each.iteration === '' ? [] : [`of ${each.iteration}`])].join(' ')
      const called = each.against.length === 1 ? name : `${name} in ${difference.label}`
      const share = condition.share ?? threshold
      const { verdict, needed } = judge(difference, {
        ...{ threshold: share, adjusted: difference.adjusted, tests, better: directionOf(condition, each) }
      })
      if (verdict === 'worse') failed.push(called)
      else if (verdict === 'cannot tell' && !isRuledOut(difference, share, directionOf(condition, each)))
        undecided.push({ metric: called, ...(needed == null ? {} : { needed }) })
    }
  }
  return { condition: text, failed, undecided, tested: about.length }
}

/** What the condition takes for the better direction, so that what it names is worse. */
function directionOf({ how }: Condition, { better }: ComparedMetric): Better | undefined {
  if (how === 'worse') return better
  return how === '>' ? 'less' : 'more'
}

/** The interval does not reach so far, though nobody can tell whether anything differs. */
function isRuledOut(
  { interval, medians, samples }: ComparedMetric['against'][number],
  share: number,
  better: Better | undefined
) {
  // of a metric without a direction nothing is worse
  if (better == null) return true
  if (interval == null || Math.min(...samples) < MIN_SAMPLES) return false
  const least = share * Math.abs(medians[0])
  return better === 'less' ? interval[1] < least : interval[0] > -least
}
