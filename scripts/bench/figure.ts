/** A figure: what is measured, of whom, and its budgets. */
import { type Outcome, summarise } from './measure.ts'

/** Who all the others are beside. */
export const BAK = 'bak'

export interface Budget {
  /** As a person reads it: `<= 2 x Redis sink`. */
  says: string
  /** @param of the median of an entrant; undefined where it is absent @returns undefined where nothing can be said */
  holds(of: (name: string) => number | undefined): boolean | undefined
}

export interface Figure {
  what: string
  unit: string
  entries: Outcome[]
  /** The name that the figure has among an outcome's samples. */
  key: string
  budgets: Budget[]
  /** What must be known to read it. */
  note?: string
}

/** @param outcomes of `alternate`; those that have no such figure are left out, the absent ones stay */
export function figure(
  what: string,
  unit: string,
  key: string,
  outcomes: Outcome[],
  more: Partial<Figure> = {}
): Figure {
  const entries = outcomes.filter(outcome => 'absent' in outcome || outcome.samples[key] != null)
  return { what, unit, key, entries, budgets: [], ...more }
}

export const most = (limit: number, unit: string): Budget => ({
  says: `<= ${limit} ${unit}`,
  holds: of => compare(of(BAK), limit, (ours, theirs) => ours <= theirs)
})

export const least = (limit: number, unit: string): Budget => ({
  says: `>= ${limit} ${unit}`,
  holds: of => compare(of(BAK), limit, (ours, theirs) => ours >= theirs)
})

export const mostTimes = (times: number, name: string): Budget => ({
  says: `<= ${times === 1 ? '' : `${round(times)} x `}${name}`,
  holds: of => compare(of(BAK), of(name), (ours, theirs) => ours <= times * theirs)
})

export const leastTimes = (times: number, name: string): Budget => ({
  says: `>= ${times === 1 ? '' : `${round(times)} x `}${name}`,
  holds: of => compare(of(BAK), of(name), (ours, theirs) => ours >= times * theirs)
})

export type Verdict = 'met' | 'missed' | 'unknown'

/** As a person reads it. */
export const WORDS: Record<Verdict, string> = { met: 'met', missed: 'missed', unknown: 'cannot be said' }

/** @returns what became of each budget */
export function verdicts({ entries, key, budgets }: Figure): Array<{ says: string; verdict: Verdict }> {
  const of = (name: string) => {
    const entry = entries.find(each => each.name === name)
    const samples = entry == null || 'absent' in entry ? undefined : entry.samples[key]
    return samples == null ? undefined : summarise(samples).median
  }
  return budgets.map(({ says, holds }) => {
    const held = holds(of)
    return { says, verdict: held == null ? 'unknown' : held ? 'met' : 'missed' }
  })
}

function compare(
  ours: number | undefined,
  theirs: number | undefined,
  test: (ours: number, theirs: number) => boolean
): boolean | undefined {
  return ours == null || theirs == null ? undefined : test(ours, theirs)
}

/** Three digits that say something. */
export function round(value: number): string {
  if (value === 0) return '0'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value
    .toFixed(Math.min(digits, 4))
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
}
