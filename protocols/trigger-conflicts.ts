/** What does not go together with a trigger. Pure. */

import type { SpecInput } from './spec.ts'
import type { Path } from './toml-lines.ts'

type Input = Partial<SpecInput>

const ONE = 'goes with no trigger: each window of the output is a sample of its own'

/** @param spec one that its schema accepts, or a part of one @returns each mistake with the path of the key that is to be changed */
export function wrongWithTrigger(spec: Input): Array<{ path: Path; what: string }> {
  const { trigger, triggers = {}, groups = [], iterations = [], workload = [] } = spec
  if (trigger == null && Object.keys(triggers).length === 0 && groups.every(each => each.trigger == null)) return []
  const wrong = (key: keyof Input, is: boolean, what = ONE) => (is ? [{ path: [key], what }] : [])
  return [
    ...wrong('iterations', iterations.length > 1),
    ...wrong('samples', (spec.samples ?? 1) > 1),
    ...wrong('warmup', (spec.warmup ?? 0) > 0),
    ...wrong('max_sample_failures', spec.max_sample_failures != null),
    ...wrong('max_stddev', spec.max_stddev != null),
    ...wrong(
      'workload',
      workload.some(({ role }) => role !== 'server'),
      'a trigger reads the output of the command on this machine: there is none beside clients on members'
    )
  ]
}
