/** Finds the numbers in what a workload that has ended left behind: in its stdout and stderr by their look, or where its spec says. */
import { join } from 'node:path'
import { cleanLine } from '../../../protocols/clean-line.ts'
import { OUTPUT_FILES } from '../../../protocols/layout.ts'
import type { ResultReaderName, ResultSource, Results } from '../../../protocols/workload-results.ts'
import type { Metrics } from '../stated/metrics.ts'
import { readPortions } from '../stated/output-stream.ts'
import { readers } from './index.ts'
import { OutputText } from './output-text.ts'
import { Found } from './result-reader.ts'

/** Bytes of a file that is read. */
const MAX_BYTES = 16 * 1024 * 1024
/** Characters of why a program failed, as of `#BAK:STATE ERR`. */
const MAX_ERROR = 512

/**
 * What cannot be read is a warning.
 * @param choice undefined to find readers by their look
 * @returns why the program says that it failed
 */
export async function readResults(
  folder: string,
  choice: Results | undefined,
  metrics: Metrics
): Promise<string | undefined> {
  if (choice === 'none') return undefined
  return choice == null ? readByLook(folder, metrics) : readNamed(folder, choice, metrics)
}

async function readByLook(folder: string, metrics: Metrics): Promise<string | undefined> {
  let error: string | undefined
  for (const file of Object.values(OUTPUT_FILES)) {
    // a benchmark that prints more is read where it is named; what cannot be read is named elsewhere
    const output = await textIn(folder, file).catch(() => undefined)
    const reader = output == null ? undefined : claimantOf(output)
    if (output == null || reader == null) continue
    error ??= readBy(reader, file, output, metrics).error
  }
  return error
}

/** @returns the one whose output a text looks like; undefined for none, and for several */
export function claimantOf(output: OutputText): ResultReaderName | undefined {
  const { edges } = output
  const found = (Object.keys(readers) as ResultReaderName[]).filter(each => readers[each].claims(edges))
  return found.length === 1 ? found[0] : undefined
}

async function readNamed(folder: string, sources: ResultSource[], metrics: Metrics): Promise<string | undefined> {
  let error: string | undefined
  for (const { reader, file } of sources) {
    const files = file == null ? Object.values(OUTPUT_FILES) : [file]
    let count = 0
    for (const each of files) {
      try {
        const output = await textIn(folder, each)
        if (output == null || count > 0) continue
        const found = readBy(reader, each, output, metrics)
        count += found.count
        error ??= found.error
      } catch (cause) {
        metrics.warn(`results of ${reader}: ${each} cannot be read: ${(cause as Error).message}`)
      }
    }
  }
  return error
}

/** A reader that fails is named, and what it found until then stays. */
function readBy(reader: ResultReaderName, file: string, output: OutputText, metrics: Metrics) {
  const found = new Found(metrics, reader)
  try {
    readers[reader].read(output, found)
  } catch (cause) {
    found.warn(`results of ${reader} in ${file}: ${(cause as Error).message}`)
  }
  const error = found.error == null ? undefined : cleanLine(`${reader}: ${found.error}`).slice(0, MAX_ERROR)
  return { count: found.count, error }
}

/** @returns undefined for a file that is not there @throws {Error} if it is no regular file, or too large */
async function textIn(folder: string, file: string): Promise<OutputText | undefined> {
  const portions: Buffer[] = []
  let bytes = 0
  for await (const portion of readPortions(join(folder, file))) {
    bytes += portion.length
    if (bytes > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES / 1024 ** 2} MiB`)
    portions.push(portion)
  }
  return portions.length === 0 ? undefined : new OutputText(Buffer.concat(portions).toString('utf8'))
}
