/** What the columns of sysstat are: mpstat, iostat, pidstat and sar name the same quantity alike. */

import { ifPossible } from '../../if-possible.ts'
import type { Sink } from '../../series/reader.ts'
import { numberIn, sizeIn } from './cells.ts'

const KIB = 1024
const MIB = KIB * KIB

export interface Measure {
  metric: string
  unit: string
  /** By which it is multiplied. */
  scale?: number
}

export type Measures = Record<string, Measure>

export const measure = (metric: string, unit: string, scale?: number): Measure => ({ metric, unit, scale })
export const perSecond = (metric: string): Measure => ({ metric, unit: '/s' })
export const kib = (metric: string): Measure => ({ metric, unit: 'B', scale: KIB })
export const kibPerSecond = (metric: string): Measure => ({ metric, unit: 'B/s', scale: KIB })
export const mibPerSecond = (metric: string): Measure => ({ metric, unit: 'B/s', scale: MIB })
export const percent = (metric: string): Measure => ({ metric, unit: '%' })
export const plain = (metric: string): Measure => ({ metric, unit: '' })
const ms = (metric: string): Measure => ({ metric, unit: 'ms' })

/** By the names of iostat and of `sar -d`, without %. */
export const DISK: Measures = {
  'r/s': perSecond('disk.reads'),
  'w/s': perSecond('disk.writes'),
  'd/s': perSecond('disk.discards'),
  'f/s': perSecond('disk.flushes'),
  tps: perSecond('disk.transfers'),
  'rkB/s': kibPerSecond('disk.read.bytes'),
  'wkB/s': kibPerSecond('disk.write.bytes'),
  'dkB/s': kibPerSecond('disk.discard.bytes'),
  'rMB/s': mibPerSecond('disk.read.bytes'),
  'wMB/s': mibPerSecond('disk.write.bytes'),
  'dMB/s': mibPerSecond('disk.discard.bytes'),
  'kB_read/s': kibPerSecond('disk.read.bytes'),
  'kB_wrtn/s': kibPerSecond('disk.write.bytes'),
  'kB_dscd/s': kibPerSecond('disk.discard.bytes'),
  'MB_read/s': mibPerSecond('disk.read.bytes'),
  'MB_wrtn/s': mibPerSecond('disk.write.bytes'),
  'MB_dscd/s': mibPerSecond('disk.discard.bytes'),
  'rrqm/s': perSecond('disk.reads.merged'),
  'wrqm/s': perSecond('disk.writes.merged'),
  'drqm/s': perSecond('disk.discards.merged'),
  rrqm: percent('disk.rrqm'),
  wrqm: percent('disk.wrqm'),
  drqm: percent('disk.drqm'),
  r_await: ms('disk.read.await'),
  w_await: ms('disk.write.await'),
  d_await: ms('disk.discard.await'),
  f_await: ms('disk.flush.await'),
  await: ms('disk.await'),
  'rareq-sz': kib('disk.read.size'),
  'wareq-sz': kib('disk.write.size'),
  'dareq-sz': kib('disk.discard.size'),
  'areq-sz': kib('disk.size'),
  'aqu-sz': plain('disk.queue'),
  'avgqu-sz': plain('disk.queue'),
  util: percent('disk.util')
}

/** With `--human` a cell has its own unit: `4.0k`, `0.5%`. @returns NaN for what is no number */
export function valueIn(cell: string | undefined, scale = 1): number {
  const value = numberIn(cell)
  if (!Number.isNaN(value) || cell == null) return value * scale
  return cell.endsWith('%') ? numberIn(cell.slice(0, -1)) : sizeIn(cell, 1024)
}

/** A wait or a size is one of requests: without any it is printed as 0, and is none. */
const OF_REQUESTS: Record<string, string[]> = {
  r_await: ['r/s'],
  'rareq-sz': ['r/s'],
  w_await: ['w/s'],
  'wareq-sz': ['w/s'],
  d_await: ['d/s'],
  'dareq-sz': ['d/s'],
  f_await: ['f/s'],
  await: ['tps', 'r/s', 'w/s'],
  'areq-sz': ['tps', 'r/s', 'w/s']
}

/** @returns writes a row of one disk */
export function diskRow(names: string[], device: string, sink: Sink): WriteCells {
  const columns = names.flatMap((name, i) => {
    const found = Object.hasOwn(DISK, name) ? DISK[name] : undefined
    if (found == null) return []
    const requests = OF_REQUESTS[name]?.map(each => names.indexOf(each)).filter(at => at >= 0)
    return [{ ...{ i, requests, scale: found.scale ?? 1 }, write: sink.gauge(found.metric, { device }, found.unit) }]
  })
  return (at, cells) => {
    for (const { i, requests, scale, write } of columns) {
      if (requests == null || requests.some(each => valueIn(cells[each]) > 0)) write(at, valueIn(cells[i], scale))
    }
  }
}

export type WriteCells = (at: number, cells: string[]) => void

const MODES: Record<string, string> = {
  usr: 'user',
  user: 'user',
  nice: 'nice',
  sys: 'system',
  system: 'system',
  iowait: 'iowait',
  irq: 'irq',
  soft: 'softirq',
  steal: 'steal',
  guest: 'guest',
  idle: 'idle'
}

/**
 * @param names without %
 * @returns writes a row of shares of time of one processor, or of all; the guests of mpstat that are niced are guests
 */
export function shareRow(names: string[], labels: Record<string, string>, sink: Sink): WriteCells {
  const columns = names.flatMap((name, i) => {
    const mode = Object.hasOwn(MODES, name) ? MODES[name] : undefined
    return mode == null ? [] : [{ i, isGuest: mode === 'guest', put: sink.gauge(`cpu.${mode}`, labels, '%') }]
  })
  const busy = sink.gauge('cpu.busy', labels, '%')
  const [idle, wait, niced] = ['idle', 'iowait', 'gnice'].map(name => names.indexOf(name)) as [number, number, number]
  const values = new Float64Array(names.length)
  return (at, cells) => {
    let all = 0
    for (const { i } of columns) {
      values[i] = valueIn(cells[i])
      all += values[i] as number
    }
    // one that has just gone has 0 everywhere
    if (all === 0) return
    for (const { i, isGuest, put } of columns)
      put(at, (values[i] as number) + (isGuest && niced >= 0 ? valueIn(cells[niced]) : 0))
    if (idle >= 0) busy(at, Math.max(0, 100 - (values[idle] as number) - (wait < 0 ? 0 : (values[wait] as number))))
  }
}

/** @param columnOf @returns undefined for a column that is no measurement */
export function measureRow(
  names: string[],
  labels: Record<string, string>,
  sink: Sink,
  columnOf: (name: string) => Measure | undefined
): WriteCells {
  const columns = names.flatMap((name, i) => {
    const found = columnOf(name)
    return found == null ? [] : [{ i, scale: found.scale ?? 1, write: sink.gauge(found.metric, labels, found.unit) }]
  })
  return (at, cells) => {
    for (const { i, scale, write } of columns) write(at, valueIn(cells[i], scale))
  }
}

/** Keys of an object of sysstat's JSON, a line each: names of columns, of which the first is that of a label or of a value. */
export function jsonRow(line: string): { names: string[]; cells: string[] } | undefined {
  const [, text] = /^\s*(?:"[\w-]+":\s*)?(\{.*\}),?\s*$/.exec(line) ?? []
  const value = text == null ? undefined : ifPossible(() => JSON.parse(text) as Record<string, unknown>)
  if (value == null) return undefined
  return { names: Object.keys(value), cells: Object.values(value).map(String) }
}
