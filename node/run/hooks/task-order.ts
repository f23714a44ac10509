/**
 * The order of tasks: nothing is begun whose clients are all on members that were lost, an error that its policy does not allow ends the run,
 * and what members did not answer for is named.
 */
import type { Signed } from '../../../protocols/envelope.ts'
import { cutText } from '../../../protocols/fields.ts'
import type { Ack, Step } from '../../../protocols/phase.ts'
import { clientsIn } from '../../../protocols/tasks/workers.ts'
import { loadersAmong } from '../../work/tasks/loaders.ts'
import type { PlannedPhase } from '../plan.ts'
import type { RunContext } from '../run-context.ts'
import { Stopped } from '../stopped.ts'
import { elementIn, isAboutTasks, planOfLoad } from '../task-members.ts'
import type { RunHook } from './hook.ts'

/** @returns the hook of one run */
export function taskOrder(): RunHook {
  /** Elements of this sample that were begun, and `member/task` of what was answered for in each. */
  let begun = new Map<number, Set<string>>()
  return {
    name: 'task-order',
    before(at, run) {
      if (at.phase === 'start' && at.groups == null) begun = new Map()
      if (!isAboutTasks(at)) return
      checkLeft(at, run)
      if (at.element != null && !begun.has(at.element)) begun.set(at.element, new Set())
    },
    after(at, run, answers) {
      if ((!isAboutTasks(at) && at.phase !== 'stop') || at.groups != null || at.step == null) return
      for (const { by, value } of answers)
        for (const { element, task } of value.load?.tasks ?? [])
          begun.get(element)?.add(`${run.nameOf(by) ?? by}/${task}`)
      if (at.part === 'teardown') nameLeftBehind(at, run, answers)
      const why = errorIn(answers, run)
      if (why != null) run.cancel(new Stopped('workload-failed', why))
      if (at.phase === 'stop') nameUnanswered(at.step, begun, run)
    }
  }
}

/** @throws {Stopped} if nobody is left who can do it */
function checkLeft({ part, step, element }: PlannedPhase, { record, active }: RunContext): void {
  const left = new Set(loadersAmong(record.roster, active).map(({ name }) => name))
  if (left.size === 0) throw new Stopped('quorum', `${part} of tasks: no member that was to have clients is left`)
  if (step == null || element == null) return
  const plan = planOfLoad(record, step)
  const { tasks = [], completedBy } = elementIn(plan, element) ?? {}
  // once they have begun, only the end of the one that completes them is waited for
  for (const { name } of part === 'complete' ? tasks.filter(each => each.name === completedBy) : tasks)
    if (![...clientsIn(plan, name).keys()].some(member => left.has(member)))
      throw new Stopped('quorum', `task ${name}: no member that was to have its clients is left`)
}

/** @returns the first error that ended a task and ends the run, and where, in words */
function errorIn(answers: Signed<Ack>[], run: RunContext): string | undefined {
  for (const { by, value } of answers) {
    const isSearch = run.order.spec.search != null
    const failed = value.load?.tasks.find(({ error, unreachable }) => error != null && !(isSearch && unreachable))
    if (failed != null) return cutText(`${failed.task} on ${run.nameOf(by) ?? by}: ${failed.error}`)
  }
  return undefined
}

/** Where the run has failed before, nothing else says so. */
function nameLeftBehind(at: PlannedPhase, run: RunContext, answers: Signed<Ack>[]): void {
  if (answers.some(({ value }) => value.outcome === 'ok')) return
  const [answer] = answers
  const reason = answer?.value.reason ?? 'it did not answer'
  const member = answer == null ? undefined : run.nameOf(answer.by)
  run.record.partial = true
  run.lack({ kind: 'workload', ...(member == null ? {} : { member }), what: at.part ?? '', reason: cutText(reason) })
}

/** Of a member that was lost nobody knows what its clients did last. */
function nameUnanswered(step: Step, begun: Map<number, Set<string>>, run: RunContext): void {
  const { record, excluded } = run
  if (begun.size === 0) return
  const plan = planOfLoad(record, step)
  const peers = new Map(record.roster.map(({ name, peer }) => [name, peer]))
  for (const [element, answered] of begun)
    for (const { name } of elementIn(plan, element)?.tasks ?? [])
      for (const member of clientsIn(plan, name).keys()) {
        if (answered.has(`${member}/${name}`)) continue
        const why = excluded.get(peers.get(member) ?? '')?.reason ?? 'the member did not say how they ended'
        record.partial = true
        run.lack({ kind: 'workload', member, what: name, reason: cutText(`its clients have no result: ${why}`) })
      }
}
