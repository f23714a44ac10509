/** Prints what a run would do, and determines the exit status that it would have. */
import type { Plan } from '../protocols/control.ts'
import { describeShortfalls } from '../protocols/shortfall.ts'
import type { Spec } from '../protocols/spec.ts'
import type { TaskSpec } from '../protocols/tasks/elements.ts'
import { loadPlanOf } from '../protocols/tasks/workers.ts'
import { formatNote, formatTable } from '../protocols/text-table.ts'
import { describeBounds, type Threshold } from '../protocols/thresholds/threshold.ts'
import { isWhole, statusOf } from '../protocols/verdict.ts'
import type { Context } from './command.ts'
import { formatCommand, formatVerdict } from './format.ts'
import { describeMatrix, drawMatrix } from './matrix.ts'
import { drawPlannedJobs } from './views/planned-jobs.ts'
import { drawSchedule } from './views/schedule-table.ts'

/** @returns the exit status */
export async function printPlan({ json, print, printLines }: Context, plan: Plan, spec: Planned): Promise<number> {
  const {
    policy: { strict = false },
    threshold = []
  } = spec
  const { members, verdict, command, workloads = [] } = plan
  const status = statusOf(verdict, isWhole(plan), strict)
  if (json) await print(JSON.stringify(plan))
  else {
    const head = ['RANK', 'MEMBER', ...(workloads.length > 0 ? ['WORKLOADS'] : []), 'TOOLS', 'MISSING']
    await printLines(
      formatTable(
        head,
        members.map(each => rowOf(each, workloads.length > 0))
      )
    )
    const schedule = scheduleOf(plan, spec)
    if (schedule !== '') await printLines(`\n${schedule}`)
    if (plan.jobs != null) await printLines(`\n${drawPlannedJobs(plan.jobs)}`)
    const matrix = drawMatrix(plan, spec.search)
    if (matrix !== '') await printLines(`\n${matrix}`)
    const notes = [...facts(plan, status), ...describeMatrix(plan, spec.search), ...threshold.map(describeThreshold)]
    await printLines(`\n${notes.map(note => formatNote(note)).join('\n')}`)
    for (const each of workloads) await print(describeWorkload(each))
    if (command != null) await print(`command: ${formatCommand(command)}`)
  }
  return status
}

type Planned = Pick<Spec, 'policy' | 'threshold'> & Partial<TaskSpec & Pick<Spec, 'iterations' | 'search'>>

/** Of the first iteration; `bak allocation` has the others. */
function scheduleOf(
  { loaders = [] }: Plan,
  { task = [], parallel = [], operation = [], load, iterations }: Planned
): string {
  return task.length === 0
    ? ''
    : drawSchedule(loadPlanOf({ task, parallel, operation, load }, loaders, iterations?.[0]?.params))
}

/** `threshold: cpu.busy max 90, each sample, on members db-*; ends the run` */
function describeThreshold({ metric, judge, iteration, tool, member, stop, ...bounds }: Threshold): string {
  const about = [
    `${metric} ${describeBounds(bounds)}`,
    ...(judge === 'each' ? ['each sample'] : []),
    ...(iteration == null ? [] : [`of iterations ${iteration}`]),
    ...(tool == null ? [] : [`by ${tool}`]),
    ...(member == null ? [] : [`on members ${member}`])
  ]
  return `threshold: ${about.join(', ')}${stop ? '; ends the run' : ''}`
}

/** `client iperf on 2 members, 4 in all: iperf3 -c ...` */
function describeWorkload({ name, role, command, members, instances }: NonNullable<Plan['workloads']>[number]): string {
  const all = instances === members ? '' : `, ${instances} in all`
  return `${role} ${name} on ${members} ${members === 1 ? 'member' : 'members'}${all}: ${formatCommand(command)}`
}

function rowOf(
  { rank, name, driver, tools, workloads = [], missing, excluded }: Plan['members'][number],
  hasWorkloads: boolean
) {
  const lacks = missing.map(({ tool, reason }) => reason ?? tool).join('; ')
  return [
    rank,
    driver ? `${name} (only drives)` : name,
    ...(hasWorkloads
      ? [workloads.map(each => (each.instances === 1 ? each.name : `${each.name} x${each.instances}`)).join(' ')]
      : []),
    tools.map(({ tool }) => tool).join(' '),
    excluded == null ? lacks : `would not take part: ${excluded}`
  ]
}

function facts({ members, wait, shortfalls, verdict, partial, reason, needed }: Plan, status: number): string[] {
  const drivers = members.filter(({ driver }) => driver).length
  const asked = needed - drivers
  // a tool that a member lacks stands with the member
  const lacks = describeShortfalls(shortfalls.filter(({ kind, member }) => kind !== 'tool' || member == null))
  return [
    ...(lacks.length === 0 ? [] : [`missing: ${lacks.join(', ')}`]),
    ...(wait == null ? [] : [`would wait ${wait} s for members that are not here`]),
    `${asked} ${asked === 1 ? 'member' : 'members'} must answer each phase${drivers === 0 ? '' : ', and the controller'}`,
    `would ${verdict === 'ok' ? 'run' : 'fail'}: ${formatVerdict(verdict)}${partial ? ', partial' : ''}${reason == null ? '' : `: ${reason}`}${verdict === 'ok' && status !== 0 ? `, with exit status ${status}` : ''}`
  ]
}
