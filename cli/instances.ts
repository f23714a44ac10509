/** The table of the instances of workloads in the record of a run. */
import { stepFolder } from '../protocols/layout.ts'
import { describeExit } from '../protocols/phase.ts'
import type { RunRecord } from '../protocols/record.ts'
import { formatTable } from '../protocols/text-table.ts'
import { failureOf, type WorkEntry } from '../protocols/work-entry.ts'
import { labelOf, type Workload } from '../protocols/workload.ts'
import { formatCommand, formatDuration } from './format.ts'

/** Rows of the table; a run has thousands of instances. */
const MAX_ROWS = 40

/** `client load on role=load: redis-benchmark -h ...` */
export function describeWorkload({ name, role, on, group, command }: Workload): string {
  const where = group == null ? (on == null ? '' : ` on ${on}`) : ` on group ${group}`
  return `${role} ${name}${where}: ${formatCommand(command)}`
}

/** @returns a table with those that failed first; '' for a run without workloads of members */
export function formatInstances({ workload, spec }: Pick<RunRecord, 'workload' | 'spec'>): string {
  const entries = workload
    .filter(({ member }) => member != null)
    .map(entry => ({ entry, failure: failureOf(entry, spec) }))
  if (entries.length === 0) return ''
  const sorted = [
    ...entries.filter(({ failure }) => failure != null),
    ...entries.filter(({ failure }) => failure == null)
  ]
  const rows = sorted.slice(0, MAX_ROWS).map(({ entry, failure }) => rowOf(entry, failure, spec.workload))
  const table = formatTable(['WORKLOAD', 'ON', 'STEP', 'ENDED', 'TOOK', 'FAILURE'], rows)
  const more = sorted.slice(MAX_ROWS)
  if (more.length === 0) return table
  const failed = more.filter(({ failure }) => failure != null).length
  return `${table}\n${more.length} more, ${failed === 0 ? 'none of which failed' : `of which ${failed} failed`}: --json has all`
}

function rowOf(entry: WorkEntry, failure: string | undefined, workload: Workload[]) {
  const { name = '', instance = 1, member, step, stopped, killed, duration } = entry
  const instances = workload.find(each => each.name === name)?.instances ?? 1
  const how = killed ? 'killed when it was stopped' : stopped ? `stopped (${describeExit(entry)})` : describeExit(entry)
  return [labelOf({ name, instances }, instance), member, stepFolder(step), how, formatDuration(duration), failure]
}
