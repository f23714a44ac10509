/** The page of a report: the first screen answers what ran, how it ended and where the time went; what folds below has the rest. */
import 'uplot/dist/uPlot.min.css'
import './page.css'
import { columnsOf } from './columns.ts'
import { h, oncePerFrame } from './dom.ts'
import { head } from './head.ts'
import { type Loaded, load } from './load.ts'
import { metricsTable } from './metrics-table.ts'
import { multiples } from './multiples.ts'
import { factsOf } from './panel-facts.ts'
import { phaseLegend, phaseStrip } from './phase-strip.ts'
import { TimeRange } from './range.ts'
import { tables } from './tables.ts'
import { themeButton } from './theme.ts'
import { zoomBar } from './zoom-bar.ts'

const page = document.getElementById('page') as HTMLElement
load()
  .then(show)
  .catch((cause: Error) => {
    page.replaceChildren(h('p', { class: 'empty' }, `This report cannot be drawn: ${cause.message}`))
  })
  .finally(() => {
    document.documentElement.dataset.drawn = 'yes'
  })

function show(loaded: Loaded): void {
  const { data } = loaded
  const range = new TimeRange(spanOf(data))
  const facts = data.panels.filter(({ first }) => first).map(panel => factsOf(panel, loaded))
  const overview = h('section', { class: 'overview', 'aria-label': 'Phases and resources over the time of the run' })
  page.replaceChildren(
    head(data),
    themeButton(),
    metricsTable(data),
    h('div', { class: 'bar' }, h('h2', {}, 'Phases'), phaseLegend(data.phases), zoomBar(data, range)),
    overview,
    footnotes(data),
    ...tables(data.tables)
  )
  const draw = () => {
    const total = overview.clientWidth
    const columns = columnsOf(total, data.members.length)
    const focused = focusedIndex(overview)
    overview.replaceChildren(
      phaseStrip({ data, range, columns, total }),
      facts.length === 0
        ? h('p', { class: 'empty' }, 'No tool of this run left series of numbers.')
        : multiples({ data, facts, range, columns, onMember: () => {} })
    )
    if (focused >= 0) overview.querySelectorAll('button')[focused]?.focus()
  }
  const redraw = oncePerFrame(draw)
  range.onChange(redraw)
  new ResizeObserver(redraw).observe(overview)
  draw()
}

/** What has the focus is made anew with each zoom, and keeps it. */
const focusedIndex = (section: HTMLElement) =>
  [...section.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement)

function footnotes({ head: { cost, reduced, program, run } }: Loaded['data']): HTMLElement {
  const lines = [cost, reduced, `Run ${run}, bak ${program}. Times are minutes and seconds since the run began.`]
  return h('footer', {}, ...lines.filter(line => line != null).map(line => h('p', {}, line)))
}

/** From the begin of the run to its end, or to what lasted longer. */
function spanOf({ head: { took }, phases }: Loaded['data']): { from: number; to: number } {
  return { from: 0, to: phases.reduce((latest, { to }) => Math.max(latest, to), took) }
}
