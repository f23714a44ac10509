/** What the record of a run says of the machines: whether they were fit to measure, in what they differ, and the times of the tool `gauge`. */
import { listInWords } from '../protocols/list-in-words.ts'
import type { RunRecord } from '../protocols/record.ts'
import type { RecordedDifference } from '../protocols/sysinfo/differences.ts'
import { levels } from '../protocols/sysinfo/noise.ts'
import { formatTable } from '../protocols/text-table.ts'
import { gaugeRows } from './record-rows.ts'

const MAX_ROWS = 40
const MAX_MEMBERS = 4
const MAX_VALUE = 60

/** @returns a table each; '' for what there is nothing of */
export function formatMachines(record: RunRecord): string[] {
  const { noise = [], differences = [], remarks = [] } = record
  const marks = remarks.map(remark => [remark])
  return [
    ...[formatNoise(noise), formatDifferences(differences)],
    section(['GAUGE', 'ON', 'ARITHMETIC', 'MEMORY', 'SYNC', 'HELD UP'], gaugeRows(record)),
    section(['REMARK'], marks)
  ]
}

/** What is as it should be is left out; members with the same finding are in one row. */
function formatNoise(noise: NonNullable<RunRecord['noise']>): string {
  const found = noise.flatMap(({ name, findings }) => findings.map(each => ({ name, ...each })))
  const odd = found.filter(({ level }) => level !== 'fit')
  const alike = [...Map.groupBy(odd, ({ fact, level, value }) => JSON.stringify([fact, level, value])).values()]
  const rows = alike
    .map(each => ({ ...(each[0] as (typeof odd)[number]), on: each.map(({ name }) => name) }))
    .sort((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level))
    .map(({ fact, level, value, on }) => [fact, level, listInWords(on, MAX_MEMBERS), value])
  return section(['NOISE', 'LEVEL', 'ON', 'VALUE'], rows)
}

function formatDifferences(differences: RecordedDifference[]): string {
  const rows = differences.map(({ fact, groups }) => [
    fact,
    groups
      .map(({ value = '-', members, count }) => {
        const more = count > members.length ? ` and ${count - members.length} more` : ''
        return `${value.slice(0, MAX_VALUE)} on ${listInWords(members, MAX_MEMBERS)}${members.length > MAX_MEMBERS ? '' : more}`
      })
      .join('; ')
  ])
  return section(['DIFFERENCE', 'VALUES'], rows)
}

function section(head: string[], rows: (string | number | undefined)[][]): string {
  if (rows.length === 0) return ''
  const table = formatTable(head, rows.slice(0, MAX_ROWS))
  return rows.length <= MAX_ROWS ? table : `${table}\n${rows.length - MAX_ROWS} more: --json has all`
}
