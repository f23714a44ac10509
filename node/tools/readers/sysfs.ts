/** The file of the tool `sysfs`: what is a number of the files that it read. */
import type { Put } from '../../series/reader.ts'
import { nameOf } from './cells.ts'
import { csvFile } from './csv-file.ts'
import { keptIn } from './kept.ts'

const NUMBER = /^-?\d+(\.\d+)?$/

export const sysfs = [
  csvFile('sysfs.csv', (_, sink) => {
    const known = new Map<string, Put>()
    return (at, [, path = '', value = '']) => {
      if (!NUMBER.test(value)) return
      const put = keptIn(known, path, () => {
        const end = path.lastIndexOf('/')
        const labels: Record<string, string> = end < 0 ? {} : { device: path.slice(0, end) }
        return sink.gauge(`sysfs.${nameOf(path.slice(end + 1))}`, labels, '')
      })
      put(at, Number(value))
    }
  })
]
