/** The page of a report: the first screen answers what ran, how it ended and where the time went; what folds below has the rest. */
import 'uplot/dist/uPlot.min.css'
import './page.css'
import './jobs/jobs.css'
import './tasks/tasks.css'
import { columnsOf, MOST_COLUMNS } from './columns.ts'
import { Cursor } from './cursor.ts'
import { h, oncePerFrame } from './dom.ts'
import { flames } from './flames.ts'
import { head } from './head.ts'
import { jobStrip } from './jobs/job-strip.ts'
import { jobsHead } from './jobs/jobs-head.ts'
import { type Loaded, load } from './load.ts'
import { memberPlots } from './member-plots.ts'
import { metricsTable } from './metrics-table.ts'
import { multiples } from './multiples.ts'
import { factsOf, type PanelFacts } from './panel-facts.ts'
import { phaseLegend, phaseStrip } from './phase-strip.ts'
import { onPrint } from './print.ts'
import { TimeRange } from './range.ts'
import { seriesBox } from './series-box.ts'
import { fold, openFold, tables } from './tables.ts'
import { taskPlots } from './tasks/task-plots.ts'
import { taskStrips } from './tasks/task-strips.ts'
import { tasksTable } from './tasks/tasks-table.ts'
import { themeButton } from './theme.ts'
import { zoomBar } from './zoom-bar.ts'

/** Between strip, rows and the end of the window, px. */
const MARGIN = 16

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
  const cursor = new Cursor()
  const facts = data.panels
    .filter(({ first }) => first)
    .map(panel => factsOf(panel, loaded, data.members.length > MOST_COLUMNS))
  const below = details(loaded, { range, cursor, facts })
  const overview = overviewOf({ loaded, range, cursor, facts, onMember: below.onMember })
  page.replaceChildren(
    head(data),
    themeButton(),
    ...(data.tasks == null ? [] : [tasksTable(data.tasks, data)]),
    ...(data.jobs == null ? [] : [jobsHead(data.jobs)]),
    ...[metricsTable(data, page.clientWidth)].filter(each => each != null),
    h('div', { class: 'bar' }, h('h2', {}, 'Phases'), phaseLegend(data), zoomBar(data, range, cursor)),
    overview.element,
    footnotes(data),
    ...below.elements
  )
  overview.draw()
  below.open()
}

interface Shared {
  range: TimeRange
  cursor: Cursor
  facts: PanelFacts[]
}

/** Phases and small multiples, drawn anew when the width or the range of time changes. */
function overviewOf({
  loaded,
  range,
  cursor,
  facts,
  onMember
}: Shared & { loaded: Loaded; onMember: (member: number) => void }) {
  const { data } = loaded
  const element = h('section', { class: 'overview', 'aria-label': 'Phases and resources over the time of the run' })
  let drawn = new AbortController()
  const draw = () => {
    drawn.abort()
    drawn = new AbortController()
    const { signal } = drawn
    const total = element.clientWidth
    const columns = columnsOf(total, data.members.length)
    const shown = { range, columns, total, cursor, signal }
    const strips = [
      phaseStrip({ data, ...shown }),
      ...(data.jobs == null || data.jobs.bars.length === 0 ? [] : [jobStrip({ data, jobs: data.jobs, ...shown })]),
      ...(data.tasks == null ? [] : [taskStrips({ loaded, tasks: data.tasks, ...shown })])
    ]
    const focused = [...element.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement)
    element.replaceChildren(
      ...strips,
      facts.length === 0
        ? h('p', { class: 'empty' }, 'No tool of this run left series of numbers.')
        : multiples({ data, facts, ...shown, room: roomBelow(element, strips), onMember })
    )
    // what had the focus is made anew, and keeps it
    if (focused >= 0) element.querySelectorAll('button')[focused]?.focus()
  }
  const redraw = oncePerFrame(draw)
  range.onChange(redraw)
  let width = 0
  window.addEventListener('resize', redraw)
  new ResizeObserver(() => {
    if (element.clientWidth === width) return
    width = element.clientWidth
    redraw()
  }).observe(element)
  onPrint(draw)
  return { element, draw }
}

/** @returns px of the window below the strips, as it is before the page is scrolled */
function roomBelow(section: HTMLElement, strips: SVGSVGElement[]): number {
  const top = section.getBoundingClientRect().top + scrollY
  return innerHeight - top - strips.reduce((sum, strip) => sum + Number(strip.getAttribute('height')), MARGIN)
}

/** What folds below the first screen; each is made when it is first opened. */
function details(loaded: Loaded, { range, cursor, facts }: Shared) {
  const { data } = loaded
  const first = facts[0]?.busiest?.cell.member ?? 0
  let member = first
  let shown: ReturnType<typeof memberPlots> | undefined
  const count = (number: number, one: string, several = `${one}s`) =>
    `${number.toLocaleString('en')} ${number === 1 ? one : several}`
  const { tasks } = data
  const load =
    tasks == null
      ? undefined
      : fold('Tasks', count(tasks.tasks.length, 'task'), () => [taskPlots({ loaded, tasks, range, cursor })])
  const plots = fold('Plots of a member', count(data.panels.length, 'plot'), () => {
    shown = memberPlots({ loaded, range, cursor, first: member })
    return [shown.element]
  })
  const all = fold('All series', `${data.series.rows.length.toLocaleString('en')} series`, () => [
    seriesBox({ loaded, range, cursor })
  ])
  const profiles = fold('Flame graphs', count(data.flames.length, 'profile'), () => [flames(loaded)])
  document.addEventListener('keydown', event => {
    if (event.key !== '/' || (event.target as Element).closest('input, select, textarea') != null) return
    event.preventDefault()
    openFold(all)
    all.querySelector<HTMLInputElement>('.filter')?.focus()
  })
  return {
    elements: [
      ...(load == null ? [] : [load]),
      ...(data.panels.length > 0 ? [plots] : []),
      ...(data.series.rows.length > 0 ? [all] : []),
      ...(data.flames.length > 0 ? [profiles] : []),
      ...tables(data.tables)
    ],
    onMember(wanted: number) {
      member = wanted
      shown?.show(wanted)
      openFold(plots)
      plots.scrollIntoView({ block: 'start' })
    },
    open() {
      if (load != null) openFold(load)
      openFold(plots)
    }
  }
}

function footnotes({ head: { cost, reduced, program, run } }: Loaded['data']): HTMLElement {
  const lines = [cost, reduced, `Run ${run}, bak ${program}. Times are minutes and seconds since the run began.`]
  return h('footer', {}, ...lines.filter(line => line != null).map(line => h('p', {}, line)))
}

/** From the begin of the run to its end, or to what lasted longer. */
function spanOf({ head: { took }, phases }: Loaded['data']): { from: number; to: number } {
  return { from: 0, to: phases.reduce((latest, { to }) => Math.max(latest, to), took) }
}
