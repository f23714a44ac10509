/** Tables below the plots of a task: what each member measured in one sample and how its driver kept up, and the errors by kind. */
import { boundBecause } from '../../../../protocols/tasks/driver-bound.ts'
import type { ReportData } from '../../report-data.ts'
import type { TakeMember, TaskData, TaskTake } from '../../tasks/tasks-data.ts'
import { h, svg } from '../dom.ts'
import { more } from '../metrics-table.ts'
import { percent, plain } from '../units.ts'
import { counted } from './task-words.ts'

const STRIP = { width: 160, height: 14, margin: 5 }
/** Rows that are shown before the rest folds, and that are made; the folder of the result has all. */
const SHOWN_ROWS = 16
const MOST_ROWS = 500
export function memberTable({ members: all }: TaskTake, members: ReportData['members']): HTMLElement[] {
  if (all.length === 0) return []
  const shown = all.slice(0, MOST_ROWS)
  const reach = Math.max(1, ...shown.map(({ health }) => health?.lagMax ?? 0))
  const number = (text: string, title?: string) => h('th', { scope: 'col', class: 'number', title }, text)
  const head = [
    h('th', { scope: 'col' }, 'Member'),
    ...['Clients', 'Requests', 'Errors'].map(text => number(text)),
    ...['Latency p50', 'p99', 'Max'].map(text => number(text, 'ms')),
    number('Driver busy', 'the busiest of its threads'),
    number('Lag p99', 'ms, how late its timers were'),
    h(
      'th',
      { scope: 'col', title: 'how late its timers were: the 99th percentile and the most' },
      `Lag, 0 to ${plain(reach)} ms`
    ),
    number('Overhead', 'ms, the 99th percentile of what the driver took beside the request')
  ]
  const rows = shown.map(each => rowOf(each, members[each.member]?.name ?? '', reach))
  const hidden = rows.length > SHOWN_ROWS + 1 ? rows.slice(SHOWN_ROWS) : []
  for (const row of hidden) row.hidden = true
  const table = h('table', { class: 'task-members' }, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows))
  return [h('div', { class: 'wide' }, table, hidden.length > 0 && more(hidden))]
}

function rowOf(
  { clients, requests, failed, latency, health, lost }: TakeMember,
  name: string,
  reach: number
): HTMLElement {
  const number = (text: string, kind = '') => h('td', { class: `number ${kind}` }, text)
  const bound = health && boundBecause(health)
  const inMs = (value: number | undefined) => (value == null ? '–' : plain(value))
  const ms = (value: number | undefined) => number(inMs(value))
  // what made it the bottleneck stands out, and says so
  const told = (by: 'busy' | 'lag' | 'overhead', text: string) =>
    h('td', { class: `number ${bound?.by === by ? 'bad' : ''}`, title: bound?.by === by ? bound.why : undefined }, text)
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name, lost && h('span', { class: 'bad' }, ' lost')),
    number(plain(clients)),
    number(plain(requests)),
    number(requests === 0 ? '–' : percent(failed / requests), failed > 0 ? 'bad' : ''),
    ...[latency?.percentiles['50'], latency?.percentiles['99'], latency?.max].map(ms),
    told('busy', health == null ? '–' : percent(health.busy)),
    told('lag', inMs(health?.lag)),
    h('td', {}, health && stripOf(health, reach)),
    told('overhead', inMs(health?.overhead))
  )
}

/** A dot at the 99th percentile, a line to the most. */
function stripOf({ lag, lagMax }: { lag: number; lagMax: number }, reach: number): SVGElement {
  const { width, height, margin } = STRIP
  const x = (value: number) => (margin + (Math.min(value, reach) / reach) * (width - 2 * margin)).toFixed(1)
  const y = height / 2
  return svg(
    'svg',
    { class: 'dots', width, height, role: 'img', 'aria-label': `${plain(lag)} ms, at most ${plain(lagMax)} ms` },
    svg('line', { class: 'ground', x1: margin, x2: width - margin, y1: y, y2: y }),
    svg('line', { class: 'quartiles', x1: x(lag), x2: x(lagMax), y1: y, y2: y }),
    svg('circle', { cx: x(lag), cy: y, r: 3.5 })
  )
}

/** @returns nothing where no request failed */
export function errorTable({ takes }: TaskData): HTMLElement[] {
  const all = counted(takes).flatMap(({ errors }) => errors)
  const byKind = [...Map.groupBy(all, ({ kind }) => kind)]
    .map(([kind, each]) => ({ kind, count: each.reduce((sum, { count }) => sum + count, 0) }))
    .sort((a, b) => b.count - a.count)
  if (byKind.length === 0) return []
  const rows = byKind.map(({ kind, count }) =>
    h('tr', {}, h('td', {}, kind), h('td', { class: 'number' }, plain(count)))
  )
  return [
    h(
      'table',
      { class: 'task-errors' },
      h(
        'thead',
        {},
        h('tr', {}, h('th', { scope: 'col' }, 'Error'), h('th', { scope: 'col', class: 'number' }, 'Requests'))
      ),
      h('tbody', {}, ...rows)
    )
  ]
}
