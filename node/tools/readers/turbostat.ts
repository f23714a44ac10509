/** What turbostat prints: at each time names of columns, a line of all processors, and one of each, between tabs. */
import type { Put, SeriesReader, Sink } from '../../series/reader.ts'
import { nameOf, numberIn } from './cells.ts'
import { keptIn } from './kept.ts'

const TIME = 'Time_Of_Day_Seconds'
/** Say which processor it is. */
const PLACES = new Set([TIME, 'Package', 'Die', 'Node', 'Core', 'CPU', 'APIC', 'X2APIC', 'usec'])

export const turbostat: SeriesReader[] = [{ files: ['turbostat-stdout.txt'], open: (_, sink) => open(sink) }]

function open(sink: Sink) {
  const known = new Map<string, Array<{ i: number; scale: number; put: Put }>>()
  let names: string[] = []
  return {
    line(text: string) {
      const cells = text.trim().split(/\s*\t\s*/)
      if (cells.includes(TIME)) {
        if (names.join() !== cells.join()) known.clear()
        names = cells
        return
      }
      if (text.trim() === '') return
      const at = numberIn(cells[names.indexOf(TIME)]) * 1000
      // of a core and of a package only the first processor has columns
      if (names.length === 0 || Number.isNaN(at) || cells.length > names.length)
        return sink.bad('is no line of a processor')
      const cpu = cells[names.indexOf('CPU')] ?? '-'
      const row = keptIn(known, cpu, () => openRow(names, cpu === '-' ? 'all' : cpu, sink))
      for (const { i, scale, put } of row) put(at, numberIn(cells[i]) * scale)
    }
  }
}

const openRow = (names: string[], cpu: string, sink: Sink) =>
  names.flatMap((name, i) => {
    if (PLACES.has(name)) return []
    const { metric, unit, scale = 1 } = columnOf(name)
    return [{ i, scale, put: sink.gauge(`turbostat.${metric}`, { cpu }, unit) }]
  })

function columnOf(name: string): { metric: string; unit: string; scale?: number } {
  if (name.endsWith('MHz')) return { metric: nameOf(name.replace(/MHz$/, 'frequency')), unit: 'Hz', scale: 1e6 }
  if (name.includes('%')) return { metric: nameOf(name), unit: '%' }
  if (name.endsWith('Watt')) return { metric: nameOf(name), unit: 'W' }
  if (name.endsWith('Tmp')) return { metric: nameOf(name), unit: 'C' }
  return { metric: nameOf(name), unit: name.endsWith('_J') ? 'J' : '' }
}
