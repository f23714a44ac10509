/**
 * Which samples a run takes, one after the other, as far as what was measured before decides it: a failed sample may be repeated, and an
 * iteration whose metric varies too much gets more; a search goes on from value to value. The controller walks them, `bak verify` walks them again with what was signed,
 * `--dry-run` as if each were good.
 */
import { stepFolder } from '../layout.ts'
import type { Step } from '../phase.ts'
import { gridOf } from '../tasks/search-grid.ts'
import { nextValue } from '../tasks/search-steps.ts'
import { IterationState, type Outcome } from './iteration-state.ts'
import { inRandomOrder } from './random-order.ts'
import type { Sampling } from './sampling.ts'

/** A sample of an earlier run, which this one does not take again. */
export type TakenSample = Outcome & { step: Step }

/** @returns what a sample that has just been taken came to */
export type OutcomeOf = (step: Step) => Outcome

/**
 * @param taken those of earlier runs
 * @returns each sample in its turn, with the warm-ups of its iteration before the first; it ends with the first iteration of which too
 * many samples have failed
 */
export function* dueSamples(spec: Sampling, outcomeOf: OutcomeOf, taken: TakenSample[] = []): Generator<Step, void> {
  const known = new Map(taken.map(each => [stepFolder(each.step), each]))
  const warm = new Set<number>()
  for (const step of counted(spec, each => known.get(stepFolder(each)) ?? outcomeOf(each))) {
    if (known.has(stepFolder(step))) continue
    const { number, name } = step
    if (!warm.has(number))
      for (let sample = 1; sample <= spec.warmup; sample++) yield { number, name, sample, warmup: true }
    warm.add(number)
    yield step
  }
}

/** @returns the samples that a run takes if each is good and close to the others: no run takes fewer, but for a search that breaks early */
export const plannedSamples = (spec: Sampling, taken: TakenSample[] = []): Step[] => [
  ...dueSamples(spec, () => ({ failed: false, value: 1 }), taken)
]

function* counted(spec: Sampling, outcomeOf: OutcomeOf): Generator<Step, void> {
  const states = spec.iterations.map(() => new IterationState(spec))
  const stateAt = (i: number) => states[i] as IterationState
  function* take(i: number): Generator<Step, boolean> {
    const step = { number: i + 1, name: spec.iterations[i]?.name as string, sample: stateAt(i).samples + 1 }
    yield step
    stateAt(i).note(outcomeOf(step))
    return !stateAt(i).hasFailed
  }
  if (spec.search != null) {
    const init = { values: gridOf(spec.search), samples: spec.samples, confirm: spec.search.confirm }
    const tried = states.map(state => state.tried)
    for (let i = nextValue(tried, init); i != null; i = nextValue(tried, init)) {
      yield* take(i)
      tried[i] = stateAt(i).tried
    }
    return
  }
  for (const i of turnsOf(spec)) {
    if (!(yield* take(i))) return
    // in a row, where its samples are
    while (spec.order === 'sample' && stateAt(i).samples >= spec.samples && stateAt(i).needsMore)
      if (!(yield* take(i))) return
  }
  for (let wanting = [...states.keys()]; wanting.length > 0; ) {
    wanting = wanting.filter(i => stateAt(i).needsMore)
    for (const i of wanting) if (!(yield* take(i))) return
  }
}

/** @returns the iterations, from 0, each as often as it has samples */
function turnsOf({ iterations, samples, order, seed = 0 }: Sampling): number[] {
  const rounds = Array.from({ length: samples })
  if (order === 'iteration') return rounds.flatMap(() => [...iterations.keys()])
  const [there, back] = [[...iterations.keys()], [...iterations.keys()].reverse()]
  if (order === 'interleave') return rounds.flatMap((_, round) => (round % 2 === 0 ? there : back))
  const inRows = [...iterations.keys()].flatMap(i => rounds.map(() => i))
  return order === 'random' ? inRandomOrder(inRows, seed) : inRows
}
