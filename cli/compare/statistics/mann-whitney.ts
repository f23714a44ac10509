/** The test of Mann and Whitney, two-sided: how often two groups would be as far apart as these if they were alike. Pure. */
import { errorFunction } from 'simple-statistics'
import { doubledRanks, isCountable, sumCounts } from './rank-sums.ts'

export interface RankTest {
  /** Pairs in which a is above b; a pair of equals is half of one. */
  u: number
  p: number
  /** Whether all ways to draw were counted, with ties as they are; else the normal approximation with ties and continuity corrected. */
  exact: boolean
}

/** @param a not empty @param b not empty */
export function mannWhitney(a: readonly number[], b: readonly number[]): RankTest {
  const [n, m] = [a.length, b.length]
  const { ranks, ties } = doubledRanks([...a, ...b])
  const sum = ranks.slice(0, n).reduce((total, rank) => total + rank, 0)
  const u = (sum - n * (n + 1)) / 2
  if (isCountable(n, m)) return { u, p: countedShare(ranks, n, sum), exact: true }
  return { u, p: approximated(u, n, m, ties), exact: false }
}

/** The share of all ways to draw n of the ranks whose sum is as far from its mean as this one. */
function countedShare(ranks: number[], n: number, sum: number): number {
  const counts = sumCounts(ranks, n)
  const mean = n * (ranks.length + 1)
  const distance = Math.abs(sum - mean)
  let [all, far] = [0, 0]
  for (const [each, count] of counts.entries()) {
    all += count
    if (Math.abs(each - mean) >= distance) far += count
  }
  return far / all
}

function approximated(u: number, n: number, m: number, ties: number[]): number {
  const all = n + m
  const tied = ties.reduce((sum, t) => sum + (t ** 3 - t), 0)
  const variance = ((n * m) / 12) * (all + 1 - tied / (all * (all - 1)))
  // all are equal
  if (variance <= 0) return 1
  const z = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance)
  return Math.min(1, 1 - errorFunction(z / Math.SQRT2))
}
