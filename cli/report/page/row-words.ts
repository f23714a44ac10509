/** The words around the small multiples: what a row shows and at which scale, whose the columns are, who is the busiest. */
import type { ReportData } from '../report-data.ts'
import { h } from './dom.ts'
import { shortNames } from './member-names.ts'
import type { PanelFacts } from './panel-facts.ts'
import { partKeys } from './part-keys.ts'
import { plain, scaleOf, withUnit } from './units.ts'

export function heads({ members }: ReportData, folded: boolean): HTMLElement[] {
  const head = (text: string, title = text, kind = '') => h('div', { class: `column ${kind}`, title }, text)
  const short = shortNames(members.map(({ name }) => name))
  const columns = folded
    ? [spreadLegend(members.length)]
    : members.map(({ name, about }, index) => head(short[index] ?? '', about == null ? name : `${name}: ${about}`))
  return [
    head('', 'resource'),
    ...columns,
    head(members.length > 1 ? 'busiest' : '', 'the busiest member over the samples that count', 'end')
  ]
}

function spreadLegend(members: number): HTMLElement {
  const key = (kind: string, text: string) => h('span', {}, h('i', { class: `key ${kind}` }), text)
  return h(
    'div',
    { class: 'column legend' },
    h('b', {}, `${members} members`),
    key('median', 'median'),
    key('inner', 'quartiles'),
    key('outer', 'least to greatest'),
    key('busiest', 'the busiest')
  )
}

/** @param height of the row, px */
export function rowHead(row: PanelFacts, folded: boolean, height: number): HTMLElement {
  const { panel, low, high } = row
  const scale = scaleOf(Math.max(high, -low), panel.unit)
  return h(
    'div',
    { class: 'resource' },
    h('b', { title: panel.title }, panel.title),
    h('div', { class: 'parts', title: panel.parts.join(', ') }, ...(folded ? [levelOf(row)] : partKeys(row, height))),
    h('span', { class: 'mark top' }, plain(high / scale.divisor), ' ', scale.unit),
    h('span', { class: 'mark bottom' }, plain(low / scale.divisor))
  )
}

/** What of several parts the number of a member is: `read + write`. */
export const levelOf = ({ panel: { parts }, levels }: PanelFacts): string =>
  parts.length < 2 ? '' : levels.map(index => parts[index] ?? '').join(' + ')

export function rowEnd({ busiest, panel, cells }: PanelFacts, { members }: ReportData): HTMLElement {
  if (cells.length < 2) return h('div', { class: 'end' })
  if (busiest == null) return h('div', { class: 'end' }, h('span', {}, 'all alike'))
  const { name = '' } = members[busiest.cell.member] ?? {}
  const short = shortNames(members.map(each => each.name))[busiest.cell.member] ?? ''
  const note = busiest.cell.note == null ? '' : ` ${busiest.cell.note}`
  return h(
    'div',
    { class: 'end' },
    h('b', { title: name }, short),
    h('span', {}, `${withUnit(busiest[panel.rank], panel.unit)} ${panel.rank}`),
    note !== '' && h('span', {}, note)
  )
}

/** Resources that nobody used take a line together. */
export function idleRow(rows: PanelFacts[]): HTMLElement {
  const titles = rows.map(({ panel: { title, unit } }) => `${title}, 0${unit === '' ? '' : ` ${unit}`}`)
  return h('div', { class: 'idle' }, h('b', {}, 'Idle'), ` on all members, all the time: ${titles.join('; ')}`)
}
