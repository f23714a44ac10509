/** Finds the numbers in what a workload that has ended left behind: in its stdout and stderr by their look, or where its spec says. */
import { join } from 'node:path'
import { cleanLine } from '../../../protocols/clean-line.ts'
import { OUTPUT_FILES } from '../../../protocols/layout.ts'
import type { ResultReaderName, ResultSource, Results } from '../../../protocols/workload-results.ts'
import { InTurn } from '../../in-turn.ts'
import type { Metrics } from '../stated/metrics.ts'
import { readEdges, readPortions } from '../stated/output-stream.ts'
import { readers } from './index.ts'
import { OutputText } from './output-text.ts'
import { Found } from './result-reader.ts'

/** Bytes of a file that is read. */
const MAX_BYTES = 16 * 1024 * 1024
/** Bytes at the begin and at the end of a file by which it is recognized. */
const EDGE_BYTES = 64 * 1024
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
  return turns.run(() => (choice == null ? readByLook(folder, metrics) : readNamed(folder, choice, metrics)))
}

/** Many instances end at once: the texts of all of them would be too much memory. */
const turns = new InTurn()

async function readByLook(folder: string, metrics: Metrics): Promise<string | undefined> {
  let error: string | undefined
  for (const file of Object.values(OUTPUT_FILES)) {
    // a file that is none is named by who reads what the workload said
    const edges = await readEdges(join(folder, file), EDGE_BYTES).catch(() => undefined)
    const reader = edges == null ? undefined : claimantOf(new OutputText(edges.join('\n')))
    if (reader == null) continue
    error ??= (await readFile(reader, folder, file, metrics)).error
  }
  return error
}

/** @param edges the begin and the end of a text @returns the one whose output it looks like; undefined for none, and for several */
export function claimantOf(edges: OutputText): ResultReaderName | undefined {
  const found = (Object.keys(readers) as ResultReaderName[]).filter(each => readers[each].claims(edges))
  return found.length === 1 ? found[0] : undefined
}

async function readNamed(folder: string, sources: ResultSource[], metrics: Metrics): Promise<string | undefined> {
  let error: string | undefined
  for (const { reader, file } of sources) {
    const files = file == null ? Object.values(OUTPUT_FILES) : [file]
    let count = 0
    for (const each of files) {
      if (count > 0) continue
      const found = await readFile(reader, folder, each, metrics)
      count += found.count
      error ??= found.error
    }
  }
  return error
}

/** What cannot be read is named, and what was found until then stays. */
async function readFile(reader: ResultReaderName, folder: string, file: string, metrics: Metrics) {
  const found = new Found(metrics, reader)
  try {
    const output = await textIn(folder, file)
    if (output != null) readers[reader].read(output, found)
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
