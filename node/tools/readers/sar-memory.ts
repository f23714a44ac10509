/** Memory of sar: its columns, and from them what there is in all and what is used, as the other tools have it. */
import type { Sink } from '../../series/reader.ts'
import { numberIn } from './cells.ts'
import { activityOf } from './sar-activities.ts'
import { measureRow, type WriteCells } from './sysstat-columns.ts'

const KIB = 1024
/** What make up the whole, since sysstat 11.7. */
const PARTS = ['kbmemfree', 'kbmemused', 'kbbuffers', 'kbcached', 'kbslab']
/** Percent of the whole by which `%memused` may differ from what the parts say: it has two digits after its point. */
const PRECISION = 0.02

export const isMemory = (names: string[]): boolean => names.includes('kbmemfree') && names.includes('%memused')

/** `memory.used` is what is not available. Without a column that is needed, or where the parts make up no whole, it is left out. */
export function memoryRow(names: string[], sink: Sink): WriteCells {
  const row = measureRow(names, {}, sink, activityOf(names).columnOf)
  const parts = PARTS.map(name => names.indexOf(name))
  const [used, share, available] = ['kbmemused', '%memused', 'kbavail'].map(name => names.indexOf(name))
  const [total, notAvailable] = ['memory.total', 'memory.used'].map(metric => sink.gauge(metric, {}, 'B'))
  return (at, cells) => {
    row(at, cells)
    const of = (i = -1) => numberIn(cells[i])
    const whole = parts.reduce((sum, i) => sum + of(i), 0)
    if (!(Math.abs((of(used) / whole) * 100 - of(share)) < PRECISION)) return
    total?.(at, whole * KIB)
    notAvailable?.(at, (whole - of(available)) * KIB)
  }
}
