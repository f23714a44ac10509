/** The tables that fold below the plots: what each member did, how the machines differ, what was said and signed. Pure. */
import type { StoredEvent } from '../../protocols/events.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import { describeExit } from '../../protocols/phase.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { writeRunFile } from '../../protocols/run-file.ts'
import { failureOf } from '../../protocols/work-entry.ts'
import { formatBytes, formatClock, formatDuration, formatMs, formatNumber, formatTime } from '../format.ts'
import { costRows, gaugeRows, routesOf, skewRows } from '../record-rows.ts'
import { THRESHOLD_HEAD, thresholdRows } from '../thresholds.ts'
import { environmentTable, type Machines } from './environment.ts'
import { warningsIn } from './head.ts'
import type { Unread } from './member-index.ts'
import type { Table } from './report-data.ts'
import type { AnsweredPhase } from './spans.ts'

/** Rows of one table; the folder of the result has all. */
const MAX_ROWS = 2_000
/** Members that one row names. */
const MAX_MEMBERS = 8

interface Tabled {
  record: RunRecord
  events: StoredEvent[]
  phases: AnsweredPhase[]
  /** What readers of tools could not read. */
  unread: Unread[]
  machines: Machines
  jobs: Table
}

/** @returns those that have rows, in the order in which they are looked at */
export function tablesOf({ record, events, phases, unread, machines: facts, jobs }: Tabled): Table[] {
  const tables: Table[] = [
    thresholds(record),
    { title: 'warnings', head: ['by', 'phase', 'warning'], rows: warningsIn(events), open: true },
    { title: 'not read into series', head: ['member', 'file', 'why'], rows: unread, open: true },
    { title: 'remarks', head: ['remark'], rows: (record.remarks ?? []).map(each => [each]), open: true },
    workloads(record),
    jobs,
    ...machines(record),
    cost(record),
    clocks(record),
    skew(record),
    members(record),
    environmentTable(facts),
    beside(record),
    certificates(phases),
    received(record),
    {
      title: 'spec',
      head: ['spec.toml'],
      rows: writeRunFile(record.spec)
        .trimEnd()
        .split('\n')
        .map(line => [line])
    }
  ]
  return tables.filter(({ rows }) => rows.length > 0).map(bounded)
}

function bounded(table: Table): Table {
  const more = table.rows.length - MAX_ROWS
  return more <= 0
    ? table
    : { ...table, note: `${more} more in the folder of the result`, rows: table.rows.slice(0, MAX_ROWS) }
}

function thresholds(record: RunRecord): Table {
  const rows = written(thresholdRows(record))
  const open = record.thresholds?.some(({ outcome }) => outcome !== 'met') ?? false
  return { title: 'thresholds', head: THRESHOLD_HEAD.map(each => each.toLowerCase()), rows, open }
}

/** Those that failed first. */
function workloads({ workload, spec }: RunRecord): Table {
  const all = workload.map(entry => ({ entry, failure: failureOf(entry, spec) }))
  const sorted = all.sort((a, b) => Number(b.failure != null) - Number(a.failure != null))
  const rows = sorted.map(({ entry, failure = '' }) => {
    const { name = 'command', instance, member = '', step, stopped, duration } = entry
    const how = stopped ? `stopped (${describeExit(entry)})` : describeExit(entry)
    return [
      instance == null ? name : `${name}.${instance}`,
      member,
      stepFolder(step),
      how,
      formatDuration(duration),
      failure
    ]
  })
  return {
    ...{ title: 'workloads', head: ['workload', 'on', 'sample', 'ended', 'took', 'failure'], rows },
    open: sorted[0]?.failure != null
  }
}

function machines(record: RunRecord): Table[] {
  const { noise = [], differences = [] } = record
  const odd = noise.flatMap(({ name, findings }) =>
    findings.filter(({ level }) => level !== 'fit').map(({ fact, level, value }) => [name, fact, level, value])
  )
  const unlike = differences.map(({ fact, groups }) => [
    fact,
    groups.map(({ value = '-', members }) => `${value} on ${listInWords(members, MAX_MEMBERS)}`).join('; ')
  ])
  return [
    { title: 'in what the machines differ', head: ['fact', 'values'], rows: unlike },
    { title: 'what may make numbers vary', head: ['member', 'fact', 'level', 'value'], rows: odd },
    {
      ...{ title: 'a fixed load before and after each sample', rows: written(gaugeRows(record)) },
      head: ['sample', 'member', 'arithmetic', 'memory', 'sync', 'held up']
    }
  ]
}

/** An empty cell is an empty text. */
const written = (rows: Array<Array<string | undefined>>) => rows.map(row => row.map((cell = '') => cell))

const cost = (record: RunRecord): Table => ({
  ...{ title: 'cost of observation', rows: written(costRows(record)) },
  head: ['member', 'daemon', 'tools', 'switches', 'sent', 'received']
})

function clocks({ clocks = [] }: RunRecord): Table {
  const rows = clocks.map(({ name, begin, end, drift, bound, set }) => [
    ...[name, formatClock(begin), formatClock(end)],
    set != null ? `set by ${formatMs(set)}` : drift == null ? '' : `${formatNumber(drift)} ppm`,
    bound == null ? '' : `± ${formatNumber(bound)} ppm`
  ])
  return { title: 'clocks', head: ['member', 'ahead at join', 'ahead at the end', 'drift', 'within'], rows }
}

const skew = (record: RunRecord): Table => ({
  ...{ title: 'start of the tools', rows: written(skewRows(record)) },
  head: ['sample', 'apart', 'after the agreed instant']
})

function members(record: RunRecord): Table {
  const routes = routesOf(record)
  const rows = record.roster.map(({ rank, peer, name, capabilities: { os, cores }, tools }) => {
    const named = [...new Set(tools.map(({ tool }) => tool))].join(' ')
    return [rank, name, os, cores, routes.get(peer) ?? '', named, peer]
  })
  return { title: 'members', head: ['rank', 'member', 'system', 'cores', 'path', 'tools', 'peer'], rows }
}

function beside({ beside }: RunRecord): Table {
  const rows = beside.map(({ run, controller, members }) => [run, controller, members.join(', ')])
  return { title: 'runs at the same time', head: ['run', 'controller', 'on'], rows, open: true }
}

function certificates(phases: AnsweredPhase[]): Table {
  const rows = phases.map(
    ({ seq, phase, part, groups = [], step, when = '', verdict, acks, asked, needed, closed }) => [
      ...[
        seq,
        [phase, part, ...groups].filter(each => each != null).join(' '),
        step == null ? when : stepFolder(step),
        verdict
      ],
      ...[`${acks.filter(({ value }) => value.outcome === 'ok').length}/${asked}`, needed, formatTime(closed)]
    ]
  )
  const note = 'bak verify checks the signatures; this page does not'
  return {
    title: 'certificates',
    note,
    head: ['seq', 'phase', 'sample', 'verdict', 'ok', 'needed', 'closed (UTC)'],
    rows
  }
}

function received({ sent }: RunRecord): Table {
  const rows = sent.map(({ name, what, bytes, arrived, digest }) => [
    ...[name, what, formatBytes(bytes), arrived ? 'here' : 'still on the member', digest.slice(0, 16)]
  ])
  return {
    title: 'received',
    head: ['from', 'what', 'bytes', 'where', 'SHA-256'],
    rows,
    open: sent.some(({ arrived }) => !arrived)
  }
}

/** @returns differences of clocks as a row of plots: two points a member, at join and at the end */
export function clockPoints({ roster, clocks = [] }: RunRecord): Array<{ member: number; t: number[]; v: number[] }> {
  return clocks.flatMap(({ peer, begin, end }) => {
    const member = roster.findIndex(each => each.peer === peer)
    const known = [begin, end].filter(({ at }) => at != null)
    if (member < 0 || known.length < 2) return []
    return [{ member, t: known.map(({ at = 0 }) => at), v: known.map(({ offset }) => offset) }]
  })
}
