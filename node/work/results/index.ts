/** The readers of results, by name: a file each, and a line here. */
import type { ResultReaderName } from '../../../protocols/workload-results.ts'
import { fio } from './fio.ts'
import { hyperfine } from './hyperfine.ts'
import { iperf3 } from './iperf3.ts'
import { opensslSpeed } from './openssl-speed.ts'
import { perfStat } from './perf-stat.ts'
import { pgbench } from './pgbench.ts'
import { redisBenchmark } from './redis-benchmark.ts'
import type { ResultReader } from './result-reader.ts'
import { stressNg } from './stress-ng.ts'
import { sysbench } from './sysbench.ts'
import { uperf } from './uperf.ts'
import { wrk } from './wrk.ts'

export const readers: Record<ResultReaderName, ResultReader> = {
  fio,
  iperf3,
  sysbench,
  hyperfine,
  'stress-ng': stressNg,
  'redis-benchmark': redisBenchmark,
  pgbench,
  wrk,
  'openssl-speed': opensslSpeed,
  'perf-stat': perfStat,
  uperf
}
