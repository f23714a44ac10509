/**
 * The workloads of members: keeps how each instance ended, names those that failed or of which nothing is known, and ends the run where its
 * policy says so. Members tell of them at once, too (`work-watch.ts`); what counts is what they sign.
 */
import type { Signed } from '../../../protocols/envelope.ts'
import { cutText } from '../../../protocols/fields.ts'
import { stepFolder } from '../../../protocols/layout.ts'
import { MAX_METRICS } from '../../../protocols/metric.ts'
import { type Ack, roleIn } from '../../../protocols/phase.ts'
import {
  countMetrics,
  entriesOf,
  failureOf,
  MAX_RECORD_METRICS,
  placeOf,
  type WorkEntry
} from '../../../protocols/work-entry.ts'
import { labelOf, MAX_INSTANCES_OF_MEMBER, type Workload } from '../../../protocols/workload.ts'
import { placedOf } from '../../work/workloads/assign.ts'
import { reasonOf } from '../ending.ts'
import { isSameStep, type PlannedPhase } from '../plan.ts'
import type { RunContext } from '../run-context.ts'
import { Stopped } from '../stopped.ts'
import type { RunHook } from './hook.ts'

/** Of one answer no more are left out at once. */
const MAX_ANSWER = MAX_INSTANCES_OF_MEMBER * MAX_METRICS

/** @returns the hook of one run */
export function workloads(): RunHook {
  /** Roles that were begun in this sample. */
  let begun = new Set<Workload['role']>()
  return {
    name: 'workloads',
    before(at, run) {
      if (at.phase === 'start' && at.groups == null) begun = new Set()
      const role = at.phase === 'work' && at.part != null ? roleIn(at.part) : undefined
      if (role == null) return
      checkPlaced(role, run)
      begun.add(role)
    },
    after(at, run, answers) {
      const { record, events } = run
      if ((at.phase !== 'work' && at.phase !== 'stop') || at.step == null || at.groups != null) return
      const found = entriesOf(record.workload, at.step, answers, record.roster)
      for (const each of found) {
        record.workload.push(each)
        events.store({ type: 'workload-ended', ...each })
      }
      nameLeftOut(answers, found, run)
      judge(at, found, run)
      if (at.phase === 'stop') nameMissing(at.step, begun, run)
    }
  }
}

/** @throws {Stopped} if nobody is left who runs a workload of this role */
function checkPlaced(role: Workload['role'], { record, active, order }: RunContext): void {
  for (const { name } of order.spec.workload.filter(each => each.role === role)) {
    const isLeft = record.roster.some(
      ({ peer, workloads = [] }) => active.has(peer) && workloads.some(each => each.name === name)
    )
    if (!isLeft) throw new Stopped('quorum', `workload ${name}: no member that was to run it is left`)
  }
}

function judge({ part, step }: PlannedPhase, found: WorkEntry[], run: RunContext): void {
  const { spec } = run.order
  const { on_failed_workload } = spec.policy
  const failed = found.filter(each => failureOf(each, spec) != null)
  if (failed.length === 0) return
  if (step?.warmup && part !== 'servers') {
    const [first] = failed as [WorkEntry]
    const text = `${stepFolder(step)} failed (${placeOf(first, spec)}: ${failureOf(first, spec)}), which counts for nothing`
    return run.events.store({ type: 'warning', text: cutText(text) })
  }
  if (on_failed_workload === 'ignore') {
    run.record.partial = true
    for (const each of failed) {
      const reason = failureOf(each, spec) ?? ''
      run.lack({ kind: 'workload', member: each.member, what: whatOf(each, spec.workload), reason })
    }
    return
  }
  // no client is started beside a server that is not there
  if (on_failed_workload === 'stop' || part === 'servers')
    run.cancel(new Stopped('workload-failed', reasonOf(failed, spec) ?? placeOf(failed[0] as WorkEntry, spec)))
}

/** A record has so many metrics and no more. */
function nameLeftOut(answers: Signed<Ack>[], found: WorkEntry[], run: RunContext): void {
  if (countMetrics(run.record.workload) < MAX_RECORD_METRICS - MAX_ANSWER) return
  const isCut = found.some(({ metrics, member, name, instance }) =>
    answers.some(
      ({ by, value }) =>
        metrics == null &&
        run.nameOf(by) === member &&
        value.workloads?.some(each => each.workload === name && each.instance === instance && each.metrics != null)
    )
  )
  if (!isCut) return
  const reason = `the record has room for ${MAX_RECORD_METRICS}: those of later samples are in their output only`
  run.lack({ kind: 'workload', what: 'metrics', reason })
}

const whatOf = ({ name = '', instance = 1 }: WorkEntry, workload: Workload[]) =>
  labelOf({ name, instances: workload.find(each => each.name === name)?.instances ?? 1 }, instance)

/** Of a member that was lost nobody knows how its workloads ended. */
function nameMissing(step: WorkEntry['step'], begun: Set<Workload['role']>, run: RunContext): void {
  const { record, excluded, order } = run
  const known = new Set(
    record.workload
      .filter(each => isSameStep(each.step, step))
      .map(({ member, name, instance }) => `${member}/${name}/${instance}`)
  )
  for (const { peer, name: member, workloads } of record.roster) {
    for (const { workload, placement } of placedOf(order.spec, workloads)) {
      if (!begun.has(workload.role)) continue
      for (let i = 1; i <= placement.instances; i++) {
        if (known.has(`${member}/${workload.name}/${i}`)) continue
        const why = excluded.get(peer)?.reason ?? 'the member did not say how it ended'
        run.record.partial = true
        run.lack({ kind: 'workload', member, what: labelOf(workload, i), reason: `no result: ${why}` })
      }
    }
  }
}
