/** Where the output of the command says when tools of a group run: keeps the windows, and hands the plan what was said last. */
import { type Edge, windowsOf } from '../../../protocols/trigger.ts'
import type { RunHook } from './hook.ts'

/** @returns the hook of one run */
export function triggers(): RunHook {
  const edges: Edge[] = []
  /** When all tools of the latest window of a group had started, or had failed to. */
  const started = new Map<string, number>()
  /** Windows of each group that were over before. */
  const late = new Map<string, number>()
  return {
    name: 'triggers',
    before(_, run) {
      run.said = undefined
    },
    after({ phase, part, groups, step }, run, answers) {
      const { record, events } = run
      for (const group of (phase === 'start' && groups) || []) started.set(group, Date.now())
      if ((phase !== 'work' && phase !== 'stop') || part != null || groups != null || step == null) return
      const answer = answers.find(({ by }) => by === record.controller.peer)?.value
      const said = answer?.edges
      if (said == null) return
      edges.push(...said)
      record.triggered = windowsOf(edges)
      for (const { group, what, sample, at: when } of said) {
        events.store({ type: 'triggered', step: { ...step, sample }, group, what, when })
        if (what === 'stop' && when < (started.get(group) ?? 0)) late.set(group, (late.get(group) ?? 0) + 1)
      }
      if (answer?.workload == null) run.said = said
      else
        for (const [group, count] of late)
          run.lack({ kind: 'trigger', what: `trigger of ${group}`, reason: tooLate(count) })
    }
  }
}

const tooLate = (count: number) =>
  `in ${count} ${count === 1 ? 'sample' : 'samples'} the output said stop before all tools had started`
