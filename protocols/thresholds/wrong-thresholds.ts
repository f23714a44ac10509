/** What is wrong between thresholds and the iterations of a spec; what is wrong with one by itself its schema says. Pure. */
import { globOf } from '../glob.ts'
import { listInWords } from '../list-in-words.ts'
import type { Spec } from '../spec.ts'
import { MAX_DECISIONS } from './threshold.ts'

/** Iterations that a message names. */
const MAX_NAMED = 5

/** @returns each mistake in words */
export function wrongThresholds({ threshold = [], iterations }: Pick<Spec, 'threshold' | 'iterations'>): string[] {
  if (threshold.length * iterations.length > MAX_DECISIONS)
    return [`threshold: ${threshold.length} for ${iterations.length} iterations each are more than ${MAX_DECISIONS}`]
  const names = iterations.map(({ name }) => name)
  return threshold.flatMap(({ metric, iteration }) =>
    iteration == null || names.some(globOf(iteration))
      ? []
      : [`threshold of ${metric}: no iteration is called ${iteration}: they are ${listInWords(names, MAX_NAMED)}`]
  )
}
