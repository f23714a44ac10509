/** The logs of fio (`--write_iops_log` and the like) in BAK_OUT: `ms, value, direction, block size, offset`. */
import type { Labels, SeriesReader } from '../../series/reader.ts'
import { plainNumber } from '../results/units.ts'
import { KeptPuts } from './kept-puts.ts'

const NAME = /^.+_(bw|iops|lat|clat|slat)(?:\.(\d+))?\.log$/
const KINDS: Record<string, [metric: string, unit: string, factor: number]> = {
  // in KiB/s, and in ns
  bw: ['bw', 'B/s', 1024],
  iops: ['iops', '/s', 1],
  lat: ['lat', 'ms', 1e-6],
  clat: ['clat', 'ms', 1e-6],
  slat: ['slat', 'ms', 1e-6]
}
const DIRECTIONS = ['read', 'write', 'trim']
/** A time that is larger is one since 1970, as of `log_unix_epoch`, ms. */
const EPOCH = 1e11

export const fioLog: SeriesReader = {
  files: [NAME],
  open({ file, began }, sink) {
    const puts = new KeptPuts(sink)
    const [, kind = '', job] = NAME.exec(file) ?? []
    const [what, unit, factor] = KINDS[kind] ?? ['', '', 1]
    const labels: Labels = job == null ? {} : { job }
    return {
      line(text) {
        const [time, value, direction] = text.split(', ', 3).map(plainNumber)
        const name = DIRECTIONS[direction ?? -1]
        if (time == null || value == null || name == null) return sink.bad('expected ms, value, direction')
        puts.put(`fio.${name}.${what}`, unit, time > EPOCH ? time : began + time, value * factor, labels)
      }
    }
  }
}
