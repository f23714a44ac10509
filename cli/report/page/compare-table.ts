/** The metrics of a comparison: a line of dots for the samples of each group, and the interval of each change. */
import type { CompareData, CompareRow } from '../compare-data.ts'
import { h, svg } from './dom.ts'
import { niceAbove } from './ticks.ts'
import { percent, plain, scaleOf, withUnit } from './units.ts'

const STRIP = { width: 300, row: 14, margin: 8 }
const INTERVAL = { width: 240, height: 18, margin: 8 }
/** The least that the scale of changes shows to either side of 0. */
const LEAST_REACH = 0.05
/** What is further away is drawn at the end. */
const MOST_REACH = 1

export function compareTable({ metrics, groups, threshold }: CompareData): HTMLElement {
  if (metrics.length === 0) return h('p', { class: 'empty' }, 'No metric of the workload is in all groups.')
  const several = metrics.some(({ iteration }) => iteration !== '')
  const pairs = groups.length === 2
  const reach = reachOf(metrics)
  const column = (...children: string[]) => h('th', { scope: 'col' }, ...children)
  const rows = metrics.flatMap(metric =>
    metric.against.map((against, i) =>
      rowOf(metric, against, { groups, reach, threshold, several, pairs, isFirst: i === 0 })
    )
  )
  return h(
    'section',
    { class: 'metrics compared', 'aria-label': 'Metrics of the workload' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          column('Metric'),
          several && column('Iteration'),
          h('th', { scope: 'col', title: 'a dot a sample, a stroke the median, a bar the middle half' }, 'Samples'),
          column('Medians'),
          !pairs && column('Group'),
          column('Verdict'),
          h('th', { scope: 'col', class: 'number' }, 'Change'),
          h(
            'th',
            { scope: 'col', title: 'the interval of 95 %; what is shaded is within the threshold' },
            h(
              'span',
              { class: 'scale' },
              h('span', {}, `−${percent(reach)}`),
              h('span', {}, '0'),
              h('span', {}, `+${percent(reach)}`)
            )
          ),
          h('th', { scope: 'col', class: 'number' }, 'P')
        )
      ),
      h('tbody', {}, ...rows)
    )
  )
}

interface Shown {
  groups: CompareData['groups']
  reach: number
  threshold: number
  several: boolean
  pairs: boolean
  /** Of the metric: a second row is of another group. */
  isFirst: boolean
}

function rowOf(row: CompareRow, against: CompareRow['against'][number], shown: Shown): HTMLElement {
  const { groups, several, pairs, isFirst } = shown
  const both = row.groups.filter(({ group }) => group === 0 || group === against.group)
  const scale = scaleOf(Math.max(...both.map(({ median }) => Math.abs(median))), row.unit)
  const medians = both.map(({ median }) => plain(median / scale.divisor)).join(' → ')
  const level = against.verdict === 'worse' ? 'bad' : against.verdict === 'better' ? 'good' : ''
  return h(
    'tr',
    { class: isFirst ? 'first' : '' },
    h(
      'th',
      { scope: 'row' },
      isFirst && row.metric,
      isFirst && row.better != null && (row.better === 'more' ? ' ↑' : ' ↓')
    ),
    several && h('td', {}, isFirst && row.iteration),
    h('td', { class: 'strip' }, stripsOf(row, both, groups)),
    h('td', {}, scale.unit === '' ? medians : `${medians} ${scale.unit}`),
    !pairs && h('td', {}, groups[against.group]?.label),
    h('td', { class: `verdict ${level}` }, against.verdict),
    h('td', { class: 'number' }, against.change, h('span', { class: 'range' }, against.interval)),
    h('td', { class: 'strip', title: against.interval }, intervalOf(against, shown)),
    h('td', { class: 'number' }, against.p)
  )
}

/** One scale for the groups of a row, from the least to the greatest sample. */
function stripsOf({ metric, unit }: CompareRow, both: CompareRow['groups'], groups: CompareData['groups']): SVGElement {
  const { width, row, margin } = STRIP
  const all = both.flatMap(({ values }) => values)
  const [least, greatest] = [Math.min(...all), Math.max(...all)]
  const x = (value: number) =>
    (greatest === least ? width / 2 : margin + ((value - least) / (greatest - least)) * (width - 2 * margin)).toFixed(1)
  const said = both.map(
    ({ group, values }) => `${groups[group]?.label}: ${values.map(value => withUnit(value, unit)).join(', ')}`
  )
  return svg(
    'svg',
    {
      ...{ class: 'dots', viewBox: `0 0 ${width} ${row * both.length}`, width, height: row * both.length },
      ...{ role: 'img', 'aria-label': `${metric}, samples of ${said.join('; ')}` }
    },
    svg('title', {}, said.join('\n')),
    ...both.flatMap(({ group, values, median, low, high }, i) => {
      const y = row * (i + 0.5)
      return [
        svg('line', { class: 'ground', x1: margin, x2: width - margin, y1: y, y2: y }),
        svg('line', { class: 'quartiles', x1: x(low), x2: x(high), y1: y, y2: y }),
        ...values.map(value => svg('circle', { class: `group-${group % 7}`, cx: x(value), cy: y, r: 3 })),
        svg('line', { class: 'median', x1: x(median), x2: x(median), y1: y - 6, y2: y + 6 })
      ]
    })
  )
}

function intervalOf(
  { shift, from, to, interval, change }: CompareRow['against'][number],
  { reach, threshold }: Shown
): SVGElement {
  const { width, height, margin } = INTERVAL
  const x = (share: number) => width / 2 + (Math.max(-reach, Math.min(reach, share)) / reach) * (width / 2 - margin)
  const middle = height / 2
  return svg(
    'svg',
    {
      ...{ class: 'interval', viewBox: `0 0 ${width} ${height}`, width, height },
      ...{
        role: 'img',
        'aria-label': interval === '' ? `${change}, no interval: too few samples` : `${change}, ${interval}`
      }
    },
    svg('rect', { class: 'within', x: x(-threshold), y: 1, width: x(threshold) - x(-threshold), height: height - 2 }),
    svg('line', { class: 'zero', x1: x(0), x2: x(0), y1: 0, y2: height }),
    from != null && to != null && svg('line', { class: 'range', x1: x(from), x2: x(to), y1: middle, y2: middle }),
    shift != null && svg('circle', { cx: x(shift), cy: middle, r: 3.5 })
  )
}

/** @returns how far the scale of changes goes to either side of 0: the same for all, so that they can be compared */
function reachOf(metrics: CompareRow[]): number {
  const far = metrics.flatMap(({ against }) =>
    against.flatMap(({ shift = 0, from = 0, to = 0 }) => [shift, from, to].map(Math.abs))
  )
  const greatest = far.filter(Number.isFinite).reduce((most, each) => Math.max(most, each), 0)
  return Math.min(MOST_REACH, Math.max(LEAST_REACH, niceAbove(greatest)))
}
