/**
 * Which phases happen although the run has failed: what a sample or the run has begun is ended in order. And which do not although all phases went well.
 */
import { stepFolder } from '../../protocols/layout.ts'
import { endingOfWorkload } from './ending.ts'
import type { PlannedPhase } from './plan.ts'
import type { RunContext } from './run-context.ts'

export class DuePhases {
  /** The folders of the samples that have begun, and of those in which tasks may have changed their targets. */
  readonly #begun = new Set<string>()
  readonly #loaded = new Set<string>()

  /** A phase begins. */
  note({ phase, part, step }: Pick<PlannedPhase, 'phase' | 'part' | 'step'>): void {
    if (step == null) return
    if (phase === 'start') this.#begun.add(stepFolder(step))
    if (part === 'setup' || part === 'tasks') this.#loaded.add(stepFolder(step))
  }

  has(
    { always, step, phase, part }: Pick<PlannedPhase, 'always' | 'step' | 'phase' | 'part'>,
    { candidates, record }: Pick<RunContext, 'candidates'> & { record: Pick<RunContext['record'], 'manifest'> }
  ): boolean {
    const begun = part === 'teardown' ? this.#loaded : this.#begun
    if (always === 'sample') return step != null && begun.has(stepFolder(step))
    if (always !== 'run' || candidates.length === 0) return false
    // without a manifest nobody has begun anything that could end, and without a sample there is no machine to compare
    return phase === 'end' ? record.manifest != null : phase === 'terminate' || begun.size > 0
  }
}

/** Jobs that report on a run have nothing to report on where what was measured has failed. */
export const isVain = (
  { part, when }: Pick<PlannedPhase, 'part' | 'when'>,
  { record }: { record: Parameters<typeof endingOfWorkload>[0] }
): boolean => part === 'jobs' && when === 'end' && endingOfWorkload(record).verdict === 'workload-failed'
