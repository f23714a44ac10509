/** What one reader of results finds in a text. */
import { readers } from '../../../node/work/results/index.ts'
import { OutputText } from '../../../node/work/results/output-text.ts'
import { Found } from '../../../node/work/results/result-reader.ts'
import { Metrics } from '../../../node/work/stated/metrics.ts'
import type { ResultReaderName } from '../../../protocols/workload-results.ts'

export function foundIn(reader: ResultReaderName, text: string) {
  const metrics = new Metrics()
  const found = new Found(metrics, reader)
  let thrown: string | undefined
  try {
    readers[reader].read(new OutputText(text), found)
  } catch (cause) {
    thrown = (cause as Error).message
  }
  return { metrics: metrics.list, warnings: metrics.warnings, error: found.error, thrown }
}

/** @returns the values by name, without the name of the reader */
export const valuesIn = (reader: ResultReaderName, text: string): Record<string, number> =>
  Object.fromEntries(foundIn(reader, text).metrics.map(({ name, value }) => [name.slice(reader.length + 1), value]))
