/** What folds below: a heading each, opened by a click or by Enter. */
import type { Table } from '../report-data.ts'
import { h } from './dom.ts'
import { plain } from './units.ts'

/** Rows of a table that are made at once; the rest is made when it is asked for. */
const FIRST_ROWS = 200

export function tables(all: Table[]): HTMLElement[] {
  return all.map(table => {
    const rows = table.rows.length
    const count = rows === 0 ? 'none' : rows === 1 ? '1 row' : `${rows} rows`
    return fold(
      table.title,
      count,
      () => [table.note != null && h('p', { class: 'note' }, table.note), tableOf(table)],
      table.open
    )
  })
}

/** @param content is made when it is first opened */
export function fold(
  title: string,
  count: string,
  content: () => Array<HTMLElement | false>,
  open = false
): HTMLDetailsElement {
  const details = h(
    'details',
    { class: 'fold', open },
    h('summary', {}, h('h2', {}, title), h('span', { class: 'count' }, count))
  )
  const fill = () => {
    if (details.open && details.childElementCount === 1) details.append(...content().filter(each => each !== false))
  }
  details.addEventListener('toggle', fill)
  // of those that are open from the beginning
  fill()
  return details
}

/** Its content is there at once, not only when the browser tells of the change. */
export function openFold(details: HTMLDetailsElement): void {
  details.open = true
  details.dispatchEvent(new Event('toggle'))
}

function tableOf({ head, rows }: Table): HTMLElement {
  if (rows.length === 0) return h('p', { class: 'empty' }, 'Nothing.')
  const numeric = head.map((_, column) => rows.every(row => typeof row[column] === 'number'))
  const kind = (column: number) => (numeric[column] ? 'number' : '')
  const body = h('tbody')
  const rowOf = (row: Array<string | number>) =>
    h(
      'tr',
      {},
      ...row.map((cell, column) => h('td', { class: kind(column) }, typeof cell === 'number' ? plain(cell) : cell))
    )
  body.append(...rows.slice(0, FIRST_ROWS).map(rowOf))
  const table = h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ...head.map((cell, column) => h('th', { scope: 'col', class: kind(column) }, cell)))),
    body
  )
  const rest = rows.slice(FIRST_ROWS)
  if (rest.length === 0) return h('div', { class: 'wide' }, table)
  const button = h('button', { class: 'more', onclick: show }, `${rest.length} more rows`)
  function show(): void {
    body.append(...rest.map(rowOf))
    button.remove()
  }
  return h('div', { class: 'wide' }, table, button)
}
