/** The workload's metrics: median, spread, and a strip with a dot for each sample. */
import type { MetricSummary, ReportData } from '../report-data.ts'
import { h, svg } from './dom.ts'
import { quantile } from './spread.ts'
import { niceAbove } from './ticks.ts'
import { percent, plain, rough, scaleOf, withUnit } from './units.ts'

/** Rows that are shown before the rest folds. */
const SHOWN_ROWS = 6
/** Below tasks, which have the most of it. */
const BELOW_TASKS = 3
/** Members whose parts of a sample are named beside it. */
const MOST_NAMED = 12
const STRIP = { height: 18, margin: 8 }
/** The least that a strip shows to either side of the median, as a share of it: noise of a tenth of a per cent shall look small. */
const LEAST_REACH = 0.02
/** What is further away is drawn at the end, as an arrow. */
const MOST_REACH = 1
/** Times what is usual of the rows: one metric that varies by half must not make all others a point. */
const FURTHEST = 5

/** How the strips are drawn: the same in all rows. */
interface Strips {
  /** To either side of the median, as a share of it. */
  reach: number
  /** px */
  width: number
}

/** @param room for the table, px */
export function metricsTable({ metrics, iterations, tasks, jobs }: ReportData, room: number): HTMLElement | undefined {
  if (metrics.length === 0) {
    // of jobs none are expected
    if (jobs?.graphs.some(({ name }) => name !== 'setup' && name !== 'report')) return undefined
    return h(
      'p',
      { class: 'empty' },
      'The workload stated no metrics: a reader is named by results = "fio", or it prints lines #BAK:METRIC name=1.5 unit.'
    )
  }
  const several = iterations.length > 1
  const most = tasks == null ? SHOWN_ROWS : BELOW_TASKS
  const groups = [...Map.groupBy(metrics, ({ metric }) => metric).values()]
  const strips = { reach: reachOf(groups.flat().slice(0, most)), width: room < 900 ? 200 : 400 }
  const rows = groups.flatMap(group =>
    group.map((summary, index) => rowOf(summary, nameOf(summary, iterations), strips, index === 0, several))
  )
  const hidden = rows.length > most + 1 ? rows.slice(most) : []
  for (const row of hidden) row.hidden = true
  return h(
    'section',
    { class: 'metrics', 'aria-label': 'Metrics of the workload' },
    h('table', {}, h('thead', {}, headOf(several, strips)), h('tbody', {}, ...rows)),
    hidden.length > 0 && more(hidden)
  )
}

function headOf(several: boolean, { reach, width }: Strips): HTMLElement {
  const right = { class: 'number', scope: 'col' }
  return h(
    'tr',
    {},
    h('th', { scope: 'col' }, 'Metric'),
    several && h('th', { scope: 'col' }, 'Iteration'),
    h('th', right, 'Median'),
    h('th', { scope: 'col', class: 'unit' }),
    h('th', { ...right, title: 'the middle half of the samples, from the lower to the upper quartile' }, 'IQR'),
    h('th', { ...right, title: 'standard deviation, as a share of the mean' }, 'CV'),
    h('th', { ...right, title: 'samples that count' }, 'n'),
    h(
      'th',
      {
        scope: 'col',
        class: 'strip',
        title: 'a dot a sample, a stroke the median, a bar the middle half; the same scale in all rows'
      },
      h(
        'span',
        { class: width < 300 ? 'scale narrow' : 'scale' },
        h('span', {}, `−${percent(reach)}`),
        h('span', {}, width < 300 ? 'samples' : 'samples around their median'),
        h('span', {}, `+${percent(reach)}`)
      )
    )
  )
}

function rowOf(
  summary: MetricSummary,
  iteration: string,
  strips: Strips,
  isFirst: boolean,
  several: boolean
): HTMLTableRowElement {
  const { metric, unit, better, median, iqr, cv, samples } = summary
  const scale = scaleOf(median, unit)
  const name = h(
    'th',
    { scope: 'row', title: metric },
    isFirst && metric,
    isFirst && better != null && direction(better)
  )
  const good = samples.filter(({ failed }) => !failed).length
  const number = (...children: Array<string | false>) => h('td', { class: 'number' }, ...children)
  return h(
    'tr',
    { class: isFirst ? 'first' : '' },
    name,
    several && h('td', {}, iteration),
    h('td', { class: 'number median' }, plain(median / scale.divisor)),
    h('td', { class: 'unit' }, scale.unit),
    number(iqr == null ? '–' : inUnit(rough(iqr / scale.divisor), scale.unit)),
    number(cv == null ? '–' : `${(100 * cv).toFixed(1)} %`),
    number(String(good)),
    h('td', { class: 'strip' }, stripOf(summary, strips))
  )
}

const inUnit = (text: string, unit: string) => (unit === '' ? text : `${text} ${unit}`)

const direction = (better: 'more' | 'less') =>
  h('span', { class: 'better', title: `${better} is better` }, better === 'more' ? ' ↑' : ' ↓')

export function more(hidden: HTMLElement[]): HTMLElement {
  const button = h('button', { class: 'more', onclick: show }, `${hidden.length} more rows`)
  function show(): void {
    for (const row of hidden) row.hidden = false
    button.remove()
  }
  return button
}

/** @returns how far the strips go to either side of the median, as a share of it: the same for all, so that what is noisy is seen */
function reachOf(metrics: MetricSummary[]): number {
  const far = metrics.map(({ samples, median }) =>
    samples.map(({ value }) => Math.abs(value / median - 1)).reduce((most, each) => Math.max(most, each), 0)
  )
  const sorted = far.filter(Number.isFinite).sort((a, b) => a - b)
  const [usual, greatest] = sorted.length === 0 ? [0, 0] : [quantile(sorted, 0.5), sorted.at(-1) as number]
  return Math.min(MOST_REACH, niceAbove(Math.max(LEAST_REACH, Math.min(greatest, FURTHEST * usual))))
}

function stripOf({ samples, median, unit, metric, iqr }: MetricSummary, { reach, width }: Strips): SVGElement {
  const { height, margin } = STRIP
  const x = (value: number) => {
    const share = median === 0 ? Math.sign(value) : value / median - 1
    const within = Math.max(-1, Math.min(1, share / reach))
    return width / 2 + within * (width / 2 - margin)
  }
  const middle = height / 2
  const good = samples.filter(({ failed }) => !failed).length
  const said = samples.map(sample => inWords(sample, unit))
  const dots = samples.map(({ value, failed }) => {
    const share = median === 0 ? 0 : value / median - 1
    if (!failed && Math.abs(share) > reach * 1.001) return beyond(x(value), middle, Math.sign(share))
    return svg('circle', { class: failed ? 'failed' : '', cx: x(value).toFixed(1), cy: middle, r: 3.5 })
  })
  return svg(
    'svg',
    {
      class: 'dots',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': `${metric}, samples ${said.join(', ')}`
    },
    svg('title', {}, said.join('\n')),
    svg('line', { class: 'ground', x1: margin, x2: width - margin, y1: middle, y2: middle }),
    iqr != null && good > 0 && svg('line', { class: 'quartiles', ...quartiles(samples, x), y1: middle, y2: middle }),
    ...dots,
    svg('line', { class: 'median', x1: x(median).toFixed(1), x2: x(median).toFixed(1), y1: 1, y2: height - 1 })
  )
}

/** `2: 182 k/s (n1 61 k/s, n2 60 k/s, n3 61 k/s)` */
function inWords({ sample, value, failed, byMember = [] }: MetricSummary['samples'][number], unit: string): string {
  const single = byMember.length < 2 || byMember.length > MOST_NAMED
  const parts = byMember.map(each => `${each.member} ${withUnit(each.value, unit)}`)
  return `${sample}: ${withUnit(value, unit)}${failed ? ', failed' : ''}${single ? '' : ` (${parts.join(', ')})`}`
}

/** A sample beyond the scale: an arrow at its end. */
const beyond = (x: number, y: number, side: number) =>
  svg('path', { class: 'beyond', d: `M${x + 5 * side} ${y}l${-7 * side} -4v8z` })

function quartiles(samples: MetricSummary['samples'], x: (value: number) => number): { x1: string; x2: string } {
  const good = samples.filter(({ failed }) => !failed).map(({ value }) => value)
  const sorted = good.sort((a, b) => a - b)
  return { x1: x(quantile(sorted, 0.25)).toFixed(1), x2: x(quantile(sorted, 0.75)).toFixed(1) }
}

export const nameOf = ({ iteration }: { iteration?: number }, iterations: ReportData['iterations']): string => {
  const found = iteration == null ? undefined : iterations[iteration]
  if (found == null) return ''
  return found.name === '' ? String(found.number) : `${found.number}-${found.name}`
}
