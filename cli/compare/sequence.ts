/** In which order the groups were measured: what else changed with time is in their difference, unless their samples were taken in turn. Pure. */
import { formatDuration } from '../format.ts'
import type { Group } from './groups.ts'

const HOUR = 3_600_000

/** @param group the one that is compared with the baseline @returns a sentence */
export function sequenceOf(base: Group, group: Group): string {
  const [before, now] = [runsOf(base), runsOf(group)]
  const shared = now.find(({ run }) => before.some(each => each.run === run))
  const names = `${base.label} and ${group.label}`
  if (shared != null && before.length === 1 && now.length === 1) {
    return shared.order !== 'sample'
      ? `samples of ${names} in turn, in one run`
      : `all samples of ${names} in a row, in one run: what changed meanwhile is in the difference; bak run --interleave takes them in turn`
  }
  const [a, b] = [rangeOf(before), rangeOf(now)]
  const gap = Math.max(b.from - a.to, a.from - b.to)
  if (gap < 0 && before.length + now.length > 2) return `runs of ${names} in turn`
  if (gap < 0) return `${names} were measured at the same time: each may have slowed the other`
  const [first, then] = a.from <= b.from ? [base, group] : [group, base]
  const apart = `${then.label} was measured ${formatDuration(gap)} after ${first.label}`
  return gap < HOUR ? apart : `${apart}: what changed meanwhile is in the difference`
}

function runsOf({ selections }: Group) {
  const records = new Map(selections.map(({ result }) => [result.run, result.record]))
  return [...records.values()].map(({ run, begun, created, ended, spec }) => ({
    ...{ run, from: begun, to: ended == null ? begun : begun + Math.max(0, ended - created) },
    order: spec.order
  }))
}

const rangeOf = (runs: Array<{ from: number; to: number }>) => ({
  from: Math.min(...runs.map(({ from }) => from)),
  to: Math.max(...runs.map(({ to }) => to))
})
