/** What pidstat -h -H prints: a line for each process that did something since the sample before, with the time in seconds since 1970. */
import type { FileAbout, SeriesReader, Sink } from '../../series/reader.ts'
import { nameOf, numberIn, wordsOf } from './cells.ts'
import { keptIn } from './kept.ts'
import { withinSecond } from './printed-times.ts'
import { Instants, sparse } from './sparse.ts'
import {
  kib,
  kibPerSecond,
  type Measure,
  type Measures,
  measure,
  percent,
  perSecond,
  valueIn,
  type WriteCells
} from './sysstat-columns.ts'

/** Processes, and threads, that have series: each has as many as there are columns. */
const MAX_PROCESSES = 1500

const COLUMNS: Measures = {
  usr: percent('process.cpu.user'),
  system: percent('process.cpu.system'),
  guest: percent('process.cpu.guest'),
  wait: percent('process.cpu.wait'),
  '%CPU': percent('process.cpu'),
  VSZ: kib('process.memory.virtual'),
  RSS: kib('process.memory.rss'),
  '%MEM': percent('process.memory'),
  'kB_rd/s': kibPerSecond('process.read.bytes'),
  'kB_wr/s': kibPerSecond('process.write.bytes'),
  'kB_ccwr/s': kibPerSecond('process.cancelled.bytes'),
  'cswch/s': perSecond('process.voluntary.switches'),
  'nvcswch/s': perSecond('process.involuntary.switches'),
  StkSize: kib('process.stack.size'),
  StkRef: kib('process.stack.used')
}
/** What says who it is, and on which processor it was last. */
const OTHERS = new Set(['#', 'Time', 'UID', 'USER', 'PID', 'TGID', 'TID', 'CPU', 'Command', 'prio', 'policy'])

export const pidstat: SeriesReader[] = [{ files: ['pidstat-stdout.txt'], open }]

function open(about: FileAbout, sink: Sink) {
  const known = new Map<string, WriteCells>()
  let header = ''
  let names: string[] = []
  let [pid, tid] = [-1, -1]
  /** The lines of threads have none: they follow the one of their process. */
  let group = ''
  const openRow = (cells: string[]) => {
    const process = (cells.at(-1) ?? '').replace(/^\|__/, '')
    const labels: Record<string, string> = { process, pid: group }
    if (tid >= 0 && cells[tid] !== '-') labels.thread = cells[tid] ?? ''
    return openProcess(names, labels, sink)
  }
  return {
    line(text: string) {
      if (text === header) return
      if (text.startsWith('#')) {
        header = text
        names = wordsOf(text.slice(1)).map(each => (/^%(CPU|MEM)$/.test(each) ? each : each.replace('%', '')))
        pid = names.findIndex(each => each === 'PID' || each === 'TGID')
        tid = names.indexOf('TID')
        known.clear()
        return
      }
      if (text.trim() === '' || /^Linux /.test(text)) return
      if (names.length === 0 || pid < 0) return sink.bad('comes before the names of the columns')
      const cells = wordsOf(text, 0, names.length)
      const second = numberIn(cells[0]) * 1000
      if (cells.length !== names.length || Number.isNaN(second)) {
        // the averages at its end begin with a word
        if (/^\d/.test(text)) sink.bad(`has ${cells.length} cells; there are ${names.length} columns`)
        return
      }
      if (cells[pid] !== '-') group = cells[pid] ?? ''
      const key = `${group} ${tid < 0 ? '' : cells[tid]} ${cells.at(-1)}`
      if (known.size >= MAX_PROCESSES && !known.has(key))
        return sink.bad(`is of one process more than ${MAX_PROCESSES}`)
      const row = keptIn(known, key, () => openRow(cells))
      // -1 is what this user may not see
      const seen = cells.map(cell => (/^-\d/.test(cell) ? '' : cell))
      row(withinSecond(second, about), seen)
    }
  }
}

/** Most processes leave most columns at 0: these have no series. */
function openProcess(names: string[], labels: Record<string, string>, sink: Sink): WriteCells {
  const columns = names.flatMap((name, i) => {
    const found = columnOf(name)
    return found == null ? [] : [{ ...found, i }]
  })
  const instants = new Instants()
  const put = sparse(instants, 0, i => {
    const { metric, unit } = columns[i] as Measure
    return sink.gauge(metric, labels, unit)
  })
  return (at, cells) => {
    instants.note(at)
    for (const [column, { i, scale }] of columns.entries()) put(column, at, valueIn(cells[i], scale))
  }
}

function columnOf(name: string): Measure | undefined {
  if (Object.hasOwn(COLUMNS, name)) return COLUMNS[name]
  return OTHERS.has(name) ? undefined : measure(`process.${nameOf(name)}`, name.endsWith('/s') ? '/s' : '')
}
