/** What vmstat prints: one line a sample, below names of columns. */
import type { FileAbout, SeriesReader, Sink } from '../../series/reader.ts'
import { nameOf, numberIn, wordsOf } from './cells.ts'
import { isoTime, withinSecond } from './printed-times.ts'

const KIB = 1024
/** Of `-S`, which is for memory and swapping. */
const UNITS: Record<string, number> = { k: 1000, K: KIB, m: 1e6, M: KIB * KIB }

interface Column {
  metric: string
  unit: string
  labels?: Record<string, string>
  /** It is an average since boot on the first line. */
  isAverage?: boolean
}

const gauge = (metric: string, unit: string): Column => ({ metric, unit })
const average = (metric: string, unit: string): Column => ({ metric, unit, isAverage: true })
const share = (mode: string): Column => ({ ...average(`cpu.${mode}`, '%'), labels: { cpu: 'all' } })

const COLUMNS: Record<string, Column> = {
  r: gauge('run.running', 'tasks'),
  b: gauge('run.blocked', 'tasks'),
  swpd: gauge('memory.swap.used', 'B'),
  free: gauge('memory.free', 'B'),
  buff: gauge('memory.buffers', 'B'),
  cache: gauge('memory.cached', 'B'),
  inact: gauge('memory.inactive', 'B'),
  active: gauge('memory.active', 'B'),
  si: average('swap.in', 'B/s'),
  so: average('swap.out', 'B/s'),
  bi: average('page.in', 'B/s'),
  bo: average('page.out', 'B/s'),
  in: average('interrupts', '/s'),
  cs: average('context.switches', '/s'),
  us: share('user'),
  sy: share('system'),
  id: share('idle'),
  wa: share('iowait'),
  st: share('steal'),
  gu: share('guest')
}
const IN_UNITS = new Set(['swpd', 'free', 'buff', 'cache', 'inact', 'active', 'si', 'so'])

/** Modes in which it prints something else. */
const OTHER_MODES = ['-d', '-D', '-f', '-m', '-p', '-s']

export const vmstat: SeriesReader[] = [{ files: ['vmstat-stdout.txt'], open }]

function open(about: FileAbout, sink: Sink) {
  const words = about.options.options ?? []
  const mode = words.find(word => OTHER_MODES.includes(word))
  if (mode != null) throw new Error(`what vmstat ${mode} prints is not read`)
  const bytes = UNITS[words[words.indexOf('-S') + 1] ?? ''] ?? KIB
  const busy = sink.gauge('cpu.busy', { cpu: 'all' }, '%')
  let columns: Array<(Column & { scale: number; write(at: number, value: number): void }) | undefined> = []
  let names: string[] = []
  let isTimed = false
  // the first line has what has been since boot
  let isFirst = !words.includes('-y')
  let samples = 0
  const openColumns = () =>
    names.map(name => {
      const column = COLUMNS[name] ?? gauge(`vmstat.${nameOf(name)}`, '')
      const scale = IN_UNITS.has(name) ? bytes : name === 'bi' || name === 'bo' ? KIB : 1
      return { ...column, scale, write: sink.gauge(column.metric, column.labels ?? {}, column.unit) }
    })
  return {
    line(text: string) {
      // the line of groups, -----memory-----
      if (text.trim() === '' || /^\s*(procs|-)/.test(text)) return
      const cells = wordsOf(text)
      if (cells[0] === 'r') {
        // above the times stands their zone
        const zone = cells.findLast(each => !/^[a-z]+$/.test(each))
        isTimed = zone != null
        if (isTimed && zone !== 'UTC') throw new Error(`its times are of the zone ${zone}, not UTC`)
        names = cells.filter(each => each !== zone)
        columns = openColumns()
        return
      }
      if (columns.length === 0) return sink.bad('comes before the names of the columns')
      const second = isoTime(cells.slice(names.length).join(' '))
      if (cells.length !== names.length + (isTimed ? 2 : 0) || (isTimed && Number.isNaN(second)))
        return sink.bad(`has ${cells.length} cells; there are ${names.length} columns${isTimed ? ' and a time' : ''}`)
      const at = isTimed ? withinSecond(second, about) : about.began + samples * about.interval * 1000
      samples++
      for (let i = 0; i < columns.length; i++) {
        const column = columns[i]
        if (column != null && !(isFirst && column.isAverage)) column.write(at, numberIn(cells[i]) * column.scale)
      }
      const [idle, wait] = [names.indexOf('id'), names.indexOf('wa')]
      if (!isFirst && idle >= 0) busy(at, 100 - numberIn(cells[idle]) - (wait < 0 ? 0 : numberIn(cells[wait])))
      isFirst = false
    }
  }
}
