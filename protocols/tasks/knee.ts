/** What a search found: between which two values a threshold breaks. In the record, and on the last lines of the run. */
import * as v from 'valibot'
import { count, text } from '../fields.ts'
import type { TakenSample } from '../matrix/due-samples.ts'
import { statesOf } from '../matrix/iteration-summary.ts'
import type { Spec } from '../spec.ts'
import type { WorkEntry } from '../work-entry.ts'
import { gridOf, searchedParameter } from './search-grid.ts'
import { boundsOf, nextValue } from './search-steps.ts'

const tried = v.object({
  /** Of the iteration. */
  number: count,
  value: v.pipe(v.number(), v.finite()),
  samples: count,
  /** Each of which missed a threshold by itself, or failed. */
  over: count
})

export const knee = v.object({
  /** Such as `browse.target_throughput`. */
  parameter: text,
  /** Whether it is known to be between two values, below the first, above the last, or not yet when the run ended. */
  found: v.picklist(['between', 'below', 'above', 'open']),
  /** The highest value that holds, below the lowest that does not. */
  holds: v.optional(tried),
  breaks: v.optional(tried)
})
export type Knee = v.InferOutput<typeof knee>

/**
 * @param taken samples of earlier runs
 * @returns nothing for a spec without a search
 */
export function kneeOf(spec: Spec, workload: WorkEntry[], taken: TakenSample[] = []): Knee | undefined {
  const { search } = spec
  const parameter = searchedParameter(spec)
  if (search == null || parameter == null) return undefined
  const states = statesOf(spec, workload, taken)
  const values = gridOf(search)
  const all = values.map((value, i) => {
    return { number: i + 1, value, ...(states.get(i + 1)?.tried ?? { samples: 0, over: 0, breaks: false }) }
  })
  const bounds = boundsOf(all)
  const isOpen = nextValue(all, { values, samples: spec.samples, confirm: search.confirm }) != null
  const [holds, breaks] = [toldOf(all[bounds.holds]), toldOf(all[bounds.breaks])]
  const found = isOpen ? 'open' : holds == null ? 'below' : breaks == null ? 'above' : 'between'
  return { parameter, found, ...(holds == null ? {} : { holds }), ...(breaks == null ? {} : { breaks }) }
}

const toldOf = (one?: v.InferOutput<typeof tried>) =>
  one && { number: one.number, value: one.value, samples: one.samples, over: one.over }

/** @returns the number of the iteration by which the thresholds of a search are decided: the highest value that holds, or else the first */
export const decidingIteration = ({ holds }: Knee): number => holds?.number ?? 1

/** @returns a sentence: `the knee of browse.target_throughput is between 1800 (3 of 3 samples hold) and 1840 (0 of 3)` */
export function describeKnee({ parameter, found, holds, breaks }: Knee): string {
  const inWords = ({ value, samples, over }: v.InferOutput<typeof tried>, first: boolean) =>
    `${value} (${samples - over} of ${samples}${first ? ` ${samples === 1 ? 'sample holds' : 'samples hold'}` : ''})`
  const [low, high] = [holds && inWords(holds, true), breaks && inWords(breaks, holds == null)]
  const what = `the knee of ${parameter}`
  if (found === 'between') return `${what} is between ${low} and ${high}`
  if (found === 'below') return `${what} is below the first value, ${high}`
  if (found === 'above') return `${what} is above the last value, ${low}`
  const so = [low && `${low} was the highest`, high && `${high} did not hold`].filter(each => each != null)
  return `${what} is not known, the search has not ended${so.length === 0 ? '' : `: ${so.join(', ')}`}`
}
