/** What a result counts of a member held against what that signed. Pure. */

import { histogramOf } from './histogram-codec.ts'
import type { TaskAnswer } from './task-answer.ts'
import type { Distribution, TaskResult } from './tasks-file.ts'

type Counted = Pick<TaskResult['members'][number], 'samples' | 'warmup' | 'failed' | 'latency' | 'service'>

/** @returns in what they differ, in words; undefined where they agree */
export function differenceIn(counted: Counted, signed: TaskAnswer): string | undefined {
  for (const key of ['samples', 'warmup', 'failed'] as const)
    if (counted[key] !== signed[key]) return `it signed ${signed[key]} ${WORDS[key]}, and ${counted[key]} came`
  for (const key of ['latency', 'service'] as const)
    if (!canBeSumOf(signed[key], counted[key])) return `the sum of its ${key} times is not that of what came`
  return undefined
}

const WORDS = { samples: 'requests', warmup: 'requests of the warm-up', failed: 'failed requests' } as const

/** @param sum microseconds, each value rounded @returns whether it can be that of a histogram and its mean */
function canBeSumOf(sum: number, distribution: Distribution | undefined): boolean {
  if (distribution == null) return sum === 0
  const histogram = histogramOf(distribution)
  // means of numbers that were not rounded differ from the sum by half a microsecond each
  const isMean = Math.abs(distribution.mean * 1000 * histogram.count - sum) <= histogram.count / 2 + 1
  return histogram.canSumTo(sum) && isMean
}
