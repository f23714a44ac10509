/** What each task came to, on the first screen: throughput, latency by percentile, errors. A row a task and iteration, medians of its samples. */
import type { ReportData } from '../../report-data.ts'
import type { TaskData, TasksData, TaskTake } from '../../tasks/tasks-data.ts'
import { h } from '../dom.ts'
import { more, nameOf } from '../metrics-table.ts'
import { percent, plain, scaleOf } from '../units.ts'
import { colourOf, counted, errorShare, overSamples, PERCENTILES, percentileOf } from './task-words.ts'

/** Rows that are shown before the rest folds. */
const SHOWN_ROWS = 6
const SHOWN_WARNINGS = 3

export function tasksTable({ tasks, warnings, search }: TasksData, { iterations }: ReportData): HTMLElement {
  const several = iterations.length > 1
  const rows = tasks.flatMap((task, place) => {
    const byIteration = [...Map.groupBy(counted(task.takes), ({ iteration }) => iteration)]
    return byIteration.map(([iteration, takes], i) =>
      rowOf(task, takes, {
        place,
        isFirst: i === 0,
        iteration: several ? nameOf({ iteration }, iterations) : undefined
      })
    )
  })
  const hidden = rows.length > SHOWN_ROWS + 1 ? rows.slice(SHOWN_ROWS) : []
  for (const row of hidden) row.hidden = true
  return h(
    'section',
    { class: 'metrics tasks', 'aria-label': 'Tasks' },
    h('table', {}, h('thead', {}, headOf(several)), h('tbody', {}, ...rows)),
    hidden.length > 0 && more(hidden),
    search != null && h('p', { class: 'knee' }, h('b', {}, 'Search'), ` ${search.words}`),
    warnings.length > 0 && warned(warnings, iterations)
  )
}

/** Three are shown, the rest folds. */
function warned(warnings: TasksData['warnings'], iterations: ReportData['iterations']): HTMLElement {
  const lines = warnings.map(({ task, iteration, text }) => {
    const of = iterations.length > 1 ? ` of ${nameOf({ iteration }, iterations)}` : ''
    return h('li', {}, h('b', {}, `${task}${of}`), `: ${text}`)
  })
  const [shown, rest] = [lines.slice(0, SHOWN_WARNINGS), lines.slice(SHOWN_WARNINGS)]
  return h(
    'div',
    { class: 'missing' },
    h('ul', {}, ...shown),
    rest.length > 0 && h('details', {}, h('summary', {}, `${rest.length} more`), h('ul', {}, ...rest))
  )
}

const headOf = (several: boolean): HTMLElement => {
  const number = (text: string, title?: string) => h('th', { scope: 'col', class: 'number', title }, text)
  return h(
    'tr',
    {},
    h('th', { scope: 'col' }, 'Task'),
    several && h('th', { scope: 'col' }, 'Iteration'),
    number('Clients'),
    number(
      'Throughput',
      'operations a second that did not fail: the median of the averages since the begin of the task'
    ),
    h('th', { scope: 'col', class: 'unit' }),
    ...PERCENTILES.map((each, i) =>
      number(
        i === 0 ? `Latency p${each}` : `p${each}`,
        'ms, from when a request was due to its end; the median of the samples'
      )
    ),
    number('Max', 'ms, of all samples'),
    number('Service p99', 'ms, of the request itself'),
    number('Errors', 'of the requests that count'),
    number('Requests', 'that count, of all samples')
  )
}

interface Place {
  place: number
  isFirst: boolean
  iteration?: string | undefined
}

function rowOf({ task, unit }: TaskData, takes: TaskTake[], { place, isFirst, iteration }: Place): HTMLTableRowElement {
  const throughput = overSamples(takes, each => each.throughput)
  const scale = scaleOf(throughput, `${unit}/s`)
  const number = (text: string, kind = '') => h('td', { class: `number ${kind}` }, text)
  const ms = (value: number) => number(plain(value))
  const errors = errorShare(takes)
  const cut = takes.filter(({ ended }) => ended === 'cut').length
  return h(
    'tr',
    { class: isFirst ? 'first' : '' },
    h(
      'th',
      { scope: 'row', title: task },
      isFirst && h('i', { class: `key line-mark ${colourOf(place).slice(2)}` }),
      isFirst && task,
      cut > 0 &&
        h(
          'span',
          { class: 'bad', title: 'what was measured until then counts' },
          ` cut short${takes.length > 1 ? ` ${cut} of ${takes.length}` : ''}`
        )
    ),
    iteration != null && h('td', {}, iteration),
    number(plain(Math.max(...takes.map(({ clients }) => clients)))),
    number(plain(throughput / scale.divisor), 'median'),
    h('td', { class: 'unit' }, scale.unit),
    ...PERCENTILES.map(each => ms(overSamples(takes, ({ latency }) => percentileOf(latency, each)))),
    ms(Math.max(...takes.map(({ latency }) => latency?.max ?? Number.NaN).filter(Number.isFinite), -Infinity)),
    ms(overSamples(takes, ({ service }) => percentileOf(service, '99'))),
    number(Number.isNaN(errors) ? '–' : percent(errors), errors > 0 ? 'bad' : ''),
    number(plain(takes.reduce((sum, { requests }) => sum + requests, 0)))
  )
}
