/** What became of the jobs, on the first screen: their number by state, the causes of what failed, and what they left. */
import type { BarKind, JobsData } from '../../jobs/jobs-data.ts'
import { h } from '../dom.ts'
import { withUnit } from '../units.ts'
import { KINDS } from './job-strip.ts'

/** Graphs, and outputs, that are shown before the rest folds. */
const SHOWN_GRAPHS = 4
const SHOWN_OUTPUTS = 6
/** Characters of a digest. */
const DIGEST = 16

export function jobsHead({ graphs, failures, outputs, bars, more }: JobsData): HTMLElement {
  const lines = graphs.map(({ name, counts, isFailed }) =>
    h('li', { class: isFailed ? 'bad' : '' }, h('b', {}, name), ` ${counts}`)
  )
  return h(
    'section',
    { class: 'jobs', 'aria-label': 'Jobs' },
    h('div', { class: 'bar' }, h('h2', {}, 'Jobs'), bars.length > 0 && legend(bars)),
    h('ul', { class: 'graphs' }, ...lines.slice(0, SHOWN_GRAPHS)),
    folded(lines.slice(SHOWN_GRAPHS), `${lines.length - SHOWN_GRAPHS} more samples`),
    failures.length > 0 && h('pre', { class: 'causes' }, failures.join('\n')),
    outputs.length > 0 && outputList(outputs),
    more > 0 && h('p', { class: 'note' }, `${more} shorter attempts are not drawn; the table of jobs below has them.`)
  )
}

function legend(bars: JobsData['bars']): HTMLElement {
  const present = new Set(bars.map(bar => bar[5]))
  const kinds = Object.entries(KINDS).filter(([kind]) => present.has(kind as BarKind))
  return h(
    'span',
    { class: 'legend' },
    ...kinds.map(([kind, text]) => h('span', {}, h('i', { class: `key job ${kind}` }), text))
  )
}

const folded = (lines: HTMLElement[], title: string) =>
  lines.length > 0 && h('details', {}, h('summary', {}, title), h('ul', {}, ...lines))

function outputList(outputs: JobsData['outputs']): HTMLElement {
  const rows = outputs.map(({ name, bytes, digest, member }) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h('td', { class: 'number' }, withUnit(bytes, 'B')),
      h('td', { class: 'digest', title: digest }, digest.slice(0, DIGEST)),
      h('td', {}, member == null ? '' : `on ${member}`)
    )
  )
  const table = (some: HTMLElement[]) => h('table', { class: 'outputs' }, h('tbody', {}, ...some))
  const rest = rows.slice(SHOWN_OUTPUTS)
  return h(
    'div',
    {},
    table(rows.slice(0, SHOWN_OUTPUTS)),
    rest.length > 0 && h('details', {}, h('summary', {}, `${rest.length} more outputs`), table(rest))
  )
}
