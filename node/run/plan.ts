/** The legal order of a run's phases, written down once: for the coordinator, for --dry-run and for people. */
import type { Phase } from '../../protocols/fields.ts'
import type { Step } from '../../protocols/phase.ts'
import type { Spec } from '../../protocols/spec.ts'

export interface PlannedPhase {
  phase: Phase
  step?: Step
  when?: 'begin' | 'end'
}

/** @returns each sample of each iteration, in order */
export function stepsOf(spec: Spec): Step[] {
  return spec.iterations.flatMap((iteration, i) =>
    Array.from({ length: spec.samples }, (_, k) => ({ number: i + 1, name: iteration.name, sample: k + 1 }))
  )
}

/** @returns all phases of a run in which nothing goes wrong */
export function phasesOf(spec: Spec): PlannedPhase[] {
  const snapshot = (when: 'begin' | 'end'): PlannedPhase[] =>
    spec.sysinfo === 'none' ? [] : [{ phase: 'sysinfo', when }]
  return [
    { phase: 'join' },
    { phase: 'stage' },
    ...snapshot('begin'),
    { phase: 'init' },
    ...stepsOf(spec).flatMap(step => (['start', 'work', 'stop', 'send'] as const).map(phase => ({ phase, step }))),
    { phase: 'end' },
    ...snapshot('end'),
    { phase: 'terminate' }
  ]
}

/** @returns a phase in one word or two, as people see it: `start 1-default/1` */
export function describePhase({ phase, step, when }: PlannedPhase): string {
  if (step != null) return `${phase} ${step.number}-${step.name}/${step.sample}`
  return when == null ? phase : `${phase} ${when}`
}
