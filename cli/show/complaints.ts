/** What a run lacks, and what was odd: those tables of `bak show` that are always there. */
import { stepFolder } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { formatNote } from '../../protocols/text-table.ts'
import { failureOf } from '../../protocols/work-entry.ts'
import { formatInstances } from '../instances.ts'
import type { Complaint } from '../journal.ts'
import type { Unread } from '../result/measure.ts'
import { describeUnfit } from '../unfit.ts'
import { formatSection } from './section.ts'

const MAX_MEMBERS = 4

/**
 * @param unread files of series
 * @param isWhole with the table of all instances, in which those that failed are the first
 * @returns a table each, '' for what there is nothing of
 */
export function formatComplaints(
  record: RunRecord,
  complaints: Complaint[],
  unread: Unread[],
  isWhole: boolean
): string[] {
  const { excluded, shortfalls, missing = [], beside, tools = [], remarks = [], spec } = record
  const failed = record.workload.filter(entry => entry.member != null && failureOf(entry, spec) != null)
  return [
    isWhole ? '' : formatInstances({ workload: failed, spec }),
    isWhole ? '' : formatUnfit(record),
    formatSection(
      ['EXCLUDED', 'SINCE', 'CODE', 'REASON'],
      excluded.map(({ name, phase, code, reason }) => [name, phase, code, reason])
    ),
    formatSection(
      ['MISSING', 'ON', 'REASON'],
      [
        ...shortfalls.map(({ kind, what, member, reason }) => [
          kind === 'group' ? `group ${what}` : what,
          member,
          reason
        ]),
        ...missing.map(({ what, name, files }) => [`files of ${what}`, name, `${files}, named in missing.txt`])
      ]
    ),
    formatChanges(tools),
    formatSection(
      ['BESIDE RUN', 'CONTROLLER', 'ON'],
      beside.map(({ run, controller, members }) => [run, controller, members.join(', ')])
    ),
    formatSection(['WARNED BY', 'PHASE', 'STEP', 'WARNING'], together(complaints)),
    formatSection(
      ['SERIES OF', 'CANNOT BE READ'],
      unread.map(({ member, reason }) => [member, reason])
    ),
    formatSection(
      ['REMARK'],
      remarks.map(remark => [remark])
    )
  ]
}

/** What several members say alike is one row. */
function together(complaints: Complaint[]): Array<Array<string | undefined>> {
  const alike = Map.groupBy(complaints, ({ phase, step, text }) => JSON.stringify([phase, step, text]))
  return [...alike.values()].map(all => {
    const [{ phase, step, text }] = all as [Complaint]
    return [listInWords([...new Set(all.map(({ by }) => by))].sort(), MAX_MEMBERS), phase, step, text]
  })
}

/** Where numbers are likely to vary because of the machines. */
function formatUnfit(record: RunRecord): string {
  const facts = describeUnfit(record)
  return facts === '' ? '' : formatNote(`not fit to measure: ${facts}: bak show ${record.run} --all says why`)
}

/** Tools that came and went while the run went on. */
function formatChanges(tools: NonNullable<RunRecord['tools']>): string {
  const isRefused = tools.some(({ refused }) => refused.length > 0)
  const rows = tools.map(({ tool, group, change, members, by, since, refused }) => [
    group === 'default' ? tool : `${tool} of ${group}`,
    change === 'attach' ? 'attached' : 'detached',
    members.join(', '),
    by,
    since == null ? 'no sample' : stepFolder(since),
    ...(isRefused ? [refused.map(({ member, reason }) => `${member}: ${reason}`).join('; ')] : [])
  ])
  return formatSection(['CHANGED', 'HOW', 'ON', 'BY', 'SINCE', ...(isRefused ? ['NOT ON'] : [])], rows)
}
