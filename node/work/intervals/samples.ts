/** `metrics.ndjson`: each value of `bak sample`, at its time, which is on the controller's clock. */
import * as v from 'valibot'
import { METRICS_FILE } from '../../../protocols/layout.ts'
import { metric } from '../../../protocols/metric.ts'
import { ifPossible } from '../../if-possible.ts'
import type { SeriesReader } from '../../series/reader.ts'
import { KeptPuts } from './kept-puts.ts'

const { name, value, unit } = metric.entries
const sample = v.object({ at: v.pipe(v.number(), v.finite()), type: v.literal('sample'), name, value, unit })

export const samples: SeriesReader = {
  files: [METRICS_FILE],
  open({ offset = 0 }, sink) {
    const puts = new KeptPuts(sink)
    return {
      line(text) {
        const found = readLine(text)
        // other lines are of others
        if (found == null) return
        puts.put(found.name, found.unit ?? '', found.at + offset, found.value)
      }
    }
  }
}

/** What is no sample is a warning of the workload already, if it should be one. */
const readLine = (text: string) => ifPossible(() => v.parse(sample, JSON.parse(text)))
