/** What a workload that has ended said of itself: on stdout, in `metrics.ndjson`, and in the results of a benchmark that it ran. */

import { join } from 'node:path'
import { METRICS_FILE, OUTPUT_FILES } from '../../../protocols/layout.ts'
import type { Metric } from '../../../protocols/metric.ts'
import type { Results } from '../../../protocols/workload-results.ts'
import { readResults } from '../results/read-results.ts'
import { MarkedLines } from './marked-lines.ts'
import { Metrics } from './metrics.ts'
import { readMetricsFile } from './metrics-file.ts'
import { readPortions } from './output-stream.ts'
import { readStatement } from './statement.ts'

export interface SaidInAll {
  /** The words of its first line `#BAK:STATE ERR`, why its output cannot be read, or why the benchmark failed. */
  error?: string
  metrics: Metric[]
  /** Lines that mean nothing, and metrics beyond the bound. */
  warnings: string[]
}

/**
 * @param folder with the output of the workload
 * @param results where those of a benchmark are; found by their look where it is left out
 */
export async function statedIn(folder: string, results?: Results): Promise<SaidInAll> {
  const metrics = new Metrics()
  let error: string | undefined
  const lines = new MarkedLines(line => {
    const said = readStatement(line)
    if (said?.kind === 'error') error ??= said.why
    else if (said?.kind === 'metric') metrics.add(said)
    else if (said?.kind === 'bad') metrics.warn(said.why)
  })
  try {
    for await (const portion of readPortions(join(folder, OUTPUT_FILES.stdout))) lines.push(portion)
    lines.end()
  } catch (cause) {
    error ??= `its output cannot be read: ${(cause as Error).message}`
  }
  await readMetricsFile(join(folder, METRICS_FILE), metrics).catch(cause =>
    metrics.warn(`${METRICS_FILE} cannot be read: ${cause.message}`)
  )
  const failed = await readResults(folder, results, metrics)
  error ??= failed
  return { ...(error == null ? {} : { error }), metrics: metrics.list, warnings: metrics.warnings }
}
