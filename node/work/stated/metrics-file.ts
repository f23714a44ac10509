/**
 * `metrics.ndjson` in the folder of a workload, a JSON object a line: `{"at": ms, "type": "sample", "name", "value", "unit"?, "better"?, "across"?}`
 * for each `bak sample`. Other types are of others. A line that is none is a warning.
 */
import { METRICS_FILE } from '../../../protocols/layout.ts'
import { ifPossible } from '../../if-possible.ts'
import type { Metrics } from './metrics.ts'
import { readPortions } from './output-stream.ts'
import { metricOf } from './statement.ts'

/** Bytes of a line. */
const MAX_LINE_BYTES = 4096
const NEWLINE = 10

/** @throws {Error} if it is there and cannot be read */
export async function readMetricsFile(path: string, metrics: Metrics): Promise<void> {
  let number = 0
  for await (const line of linesOf(readPortions(path))) {
    number++
    const refuse = (why: string) => ({ kind: 'bad' as const, why: `line ${number} of ${METRICS_FILE}: ${why}` })
    const found = line == null ? refuse(`it has more than ${MAX_LINE_BYTES} bytes`) : readLine(line, refuse)
    if (found?.kind === 'bad') metrics.warn(found.why)
    else if (found?.kind === 'metric') metrics.add(found)
  }
}

function readLine(line: Buffer, refuse: (why: string) => { kind: 'bad'; why: string }) {
  if (line.length === 0) return undefined
  const found = ifPossible(() => JSON.parse(line.toString('utf8')) as Record<string, unknown> | null)
  if (found === undefined) return refuse('it is not JSON')
  if (found == null || typeof found !== 'object') return refuse('it is no JSON object')
  return found.type === 'sample' ? metricOf({ ...found, main: true }, refuse) : undefined
}

/** @returns each line without its end; undefined for one that is too long */
async function* linesOf(portions: AsyncIterable<Buffer>): AsyncGenerator<Buffer | undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let isLong = false
  for await (const portion of portions) {
    const bytes = rest.length === 0 ? portion : Buffer.concat([rest, portion])
    let begin = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
      yield isLong || end - begin > MAX_LINE_BYTES ? undefined : bytes.subarray(begin, end)
      isLong = false
      begin = end + 1
    }
    rest = bytes.subarray(begin)
    if (rest.length <= MAX_LINE_BYTES) continue
    isLong = true
    rest = Buffer.alloc(0)
  }
  if (isLong) yield undefined
  else if (rest.length > 0) yield rest
}
