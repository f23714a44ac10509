/** Files of the tools `perf-stat` and `kvmstat`: how often events happened since the sample before, on each place. */
import type { FileAbout, Put, SeriesReader, Sink } from '../../series/reader.ts'
import { nameOf, numberIn } from './cells.ts'
import { csvFile } from './csv-file.ts'
import { keptIn } from './kept.ts'

/** Of what perf counts in: what a count becomes in a second. Ms of a second are a share of it. */
const UNITS: Record<string, { unit: string; scale: number }> = {
  '': { unit: '/s', scale: 1 },
  msec: { unit: '%', scale: 0.1 },
  Joules: { unit: 'W', scale: 1 },
  MiB: { unit: 'B/s', scale: 1024 * 1024 }
}

function open(columns: string[], sink: Sink, { began, interval }: FileAbout) {
  const [place, value, unit, event] = ['place', 'value', 'unit', 'event'].map(name => columns.indexOf(name)) as number[]
  const known = new Map<string, { put: Put; scale: number }>()
  let [last, now] = [Number.NaN, Number.NaN]
  const openOne = (where: string, what: string, kind: string) => {
    const { unit: as, scale } = (Object.hasOwn(UNITS, kind) ? UNITS[kind] : undefined) ?? {
      unit: `${kind}/s`,
      scale: 1
    }
    return { scale, put: sink.gauge(`perf.${nameOf(what.replaceAll(':', '.'))}`, placeOf(where), as) }
  }
  return (at: number, cells: string[]) => {
    if (at !== now) [last, now] = [now, at]
    // the first is counted from the begin, which is known within some ms
    const since = Number.isNaN(last) ? (isNear(at - began, interval * 1000) ? at - began : interval * 1000) : at - last
    // <not counted>, <not supported>
    const counted = numberIn(cells[value as number])
    if (Number.isNaN(counted) || !(since > 0)) return
    const [where = '', what = '', kind = ''] = [place, event, unit].map(i => cells[i as number] ?? '')
    const { put, scale } = keptIn(known, `${where}\n${what}`, () => openOne(where, what, kind))
    put(at, (counted / since) * 1000 * scale)
  }
}

const isNear = (one: number, other: number) => one > other / 2 && one < other * 1.5

/** `CPU0`, or `S0-D0-C0 2` of a core. */
function placeOf(place: string): Record<string, string> {
  if (place === '') return {}
  const [, cpu] = /^CPU(\d+)$/.exec(place) ?? []
  return cpu == null ? { kind: place } : { cpu }
}

export const perfCounts = (tool: string): SeriesReader[] => [csvFile(`${tool}.csv`, open)]
