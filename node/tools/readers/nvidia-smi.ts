/** What nvidia-smi prints as CSV: a line of names with their units, and a line a GPU. */
import type { Put, SeriesReader, Sink } from '../../series/reader.ts'
import { nameOf, numberIn } from './cells.ts'
import { keptIn } from './kept.ts'
import { isoTime } from './printed-times.ts'

const MIB = 1024 * 1024

const METRICS: Record<string, string> = {
  'utilization.gpu': 'gpu.utilization',
  'utilization.memory': 'gpu.memory.utilization',
  'temperature.gpu': 'gpu.temperature',
  'power.draw': 'gpu.power',
  'clocks.current.sm': 'gpu.clock.sm',
  'clocks.sm': 'gpu.clock.sm',
  'clocks.current.memory': 'gpu.clock.memory',
  'clocks.mem': 'gpu.clock.memory'
}
const UNITS: Record<string, { unit: string; scale: number }> = {
  '%': { unit: '%', scale: 1 },
  MiB: { unit: 'B', scale: MIB },
  W: { unit: 'W', scale: 1 },
  MHz: { unit: 'Hz', scale: 1e6 }
}

export const nvidiaSmi: SeriesReader[] = [{ files: ['nvidia-smi-stdout.txt'], open: (_, sink) => open(sink) }]

function open(sink: Sink) {
  const known = new Map<string, Put>()
  let names: string[] = []
  const openOne = (column: string, gpu: string) => {
    const [name = '', kind = ''] = column.replace(']', '').split(' [')
    const { unit, scale } = UNITS[kind] ?? { unit: name.startsWith('temperature') ? 'C' : '', scale: 1 }
    const put = sink.gauge(METRICS[name] ?? `gpu.${nameOf(name)}`, { gpu }, unit)
    return (at: number, value: number) => put(at, value * scale)
  }
  return {
    line(text: string) {
      if (text.trim() === '') return
      const cells = text.split(', ')
      if (cells[0] === 'timestamp') {
        names = cells
        return
      }
      // 2026/12/01 01:33:34.123, in the zone of the machine, which is UTC for tools
      const at = isoTime((cells[0] ?? '').replaceAll('/', '-'))
      if (cells.length !== names.length || Number.isNaN(at)) return sink.bad('is no line of a GPU')
      const gpu = cells[names.indexOf('index')] ?? ''
      for (const [i, column] of names.entries()) {
        if (column === 'timestamp' || column === 'index') continue
        // 12 %, P0, [N/A]
        const [, number] = /^(-?[\d.]+)(?: [\w%]+)?$/.exec(cells[i] ?? '') ?? []
        if (number != null) keptIn(known, `${gpu}\n${column}`, () => openOne(column, gpu))(at, numberIn(number))
      }
    }
  }
}
