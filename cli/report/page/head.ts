/** The first lines of the page: how the run ended, what ran, where and when, and what is missing. */
import type { ReportData } from '../report-data.ts'
import { h } from './dom.ts'
import { duration } from './units.ts'

/** Signs beside the words, so that a verdict is not told by colour alone. */
const SIGNS = { good: '●', warn: '▲', bad: '✕' }

export function head({ head: run, missing }: ReportData): HTMLElement {
  const level = run.verdict !== 'ok' ? 'bad' : run.partial || missing.length > 0 || run.unfit != null ? 'warn' : 'good'
  const began = new Date(run.begun).toISOString().slice(0, 19).replace('T', ' ')
  const facts = [
    run.size,
    duration(run.took),
    `began ${began} UTC`,
    `controller ${run.controller}`,
    ...Object.entries(run.tags ?? {}).map(([key, value]) => `${key}=${value}`)
  ]
  return h(
    'header',
    { class: 'head' },
    h(
      'h1',
      {},
      h('span', { class: `verdict ${level}` }, SIGNS[level], ' ', words(run.verdict), run.partial && ', partial'),
      ' ',
      h('b', {}, run.name),
      ' ',
      h('span', { class: 'ran', title: run.ran }, run.ran)
    ),
    h('p', { class: 'facts' }, facts.join(' · ')),
    run.reason != null && h('p', { class: 'reason' }, run.reason),
    run.unfit != null && h('p', { class: 'missing unfit' }, h('b', {}, 'Not fit to measure'), run.unfit),
    missing.length > 0 && lacks(missing)
  )
}

/** Three are named, the rest folds. */
function lacks(missing: string[]): HTMLElement {
  const [shown, rest] = [missing.slice(0, 3), missing.slice(3)]
  const list = (lines: string[]) => h('ul', {}, ...lines.map(line => h('li', {}, line)))
  return h(
    'div',
    { class: 'missing' },
    h('b', {}, 'Missing'),
    list(shown),
    rest.length > 0 && h('details', {}, h('summary', {}, `${rest.length} more`), list(rest))
  )
}

const words = (verdict: string) => (verdict === 'quorum' ? 'quorum not met' : verdict.replaceAll('-', ' '))
