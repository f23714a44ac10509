/** pgbench with `--progress`: `progress: 1.0 s, 2112.8 tps, lat 1.867 ms stddev 1.279, 0 failed`. */
import type { SeriesReader } from '../../series/reader.ts'
import { plainNumber } from '../results/units.ts'
import { KeptPuts } from './kept-puts.ts'

const LINE =
  /^progress: ([\d.]{1,20}) s, ([\d.]{1,20}) tps, lat ([\d.]{1,20}|NaN) ms(?: stddev ([\d.]{1,20}|NaN))?(?:, (\d{1,15}) failed)?/
/** A time that is larger is one since 1970, as of `--progress-timestamp`, s. */
const EPOCH = 1e9

export const pgbenchProgress: SeriesReader['open'] = ({ began }, sink) => {
  const puts = new KeptPuts(sink)
  return {
    line(text) {
      const [, time, tps, mean, stddev, failed] = (text.startsWith('progress: ') ? LINE.exec(text) : undefined) ?? []
      const seconds = plainNumber(time)
      if (seconds == null) return
      const t = seconds > EPOCH ? seconds * 1000 : began + seconds * 1000
      puts.put('pgbench.tps', '/s', t, plainNumber(tps))
      puts.put('pgbench.latency.mean', 'ms', t, plainNumber(mean))
      puts.put('pgbench.latency.stddev', 'ms', t, plainNumber(stddev))
      puts.put('pgbench.failed', '', t, plainNumber(failed))
    }
  }
}
