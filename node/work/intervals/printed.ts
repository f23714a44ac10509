/** What benchmarks print at intervals while they run, on stdout or stderr: each line is of the one that prints such lines. */
import { OUTPUT_FILES } from '../../../protocols/layout.ts'
import type { SeriesReader } from '../../series/reader.ts'
import { iperf3Intervals } from './iperf3-intervals.ts'
import { pgbenchProgress } from './pgbench-progress.ts'
import { sysbenchReport } from './sysbench-report.ts'

export const printed: SeriesReader = {
  files: Object.values(OUTPUT_FILES),
  open(about, sink) {
    const all = [sysbenchReport, pgbenchProgress, iperf3Intervals].map(open => open(about, sink))
    return {
      line(text, number) {
        for (const each of all) each.line(text, number)
      },
      // a program that was killed may have written half of a line, and one of others has no end
      cut() {},
      end() {
        for (const each of all) each.end?.()
      }
    }
  }
}
