/** `bak export`: the series of a run for other programs. */
import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Command } from 'commander'
import { exitStatus } from '../../protocols/errors.ts'
import { addExamples, addFlag, type Context, RESULT, setAction } from '../command.ts'
import type { Exporter } from '../export/exporter.ts'
import { chooseFormat, formats } from '../export/formats.ts'
import { percentiles } from '../export/percentiles.ts'
import { writeNotes, writeTo } from '../output.ts'
import { openResult } from '../result/open-result.ts'
import { SeriesChoice, type Wanted } from '../result/series-rows.ts'
import { writeWhole } from '../write-whole.ts'
import { addSeriesFlags } from './metrics.ts'

/** Characters that are written at once. */
const PORTION = 64 * 1024

interface Options extends Wanted {
  percentiles?: boolean
  format?: string
  output?: string
}

export function define(command: Command): void {
  command.argument('<run>', RESULT)
  addFlag(command, '--format <format>', `${Object.keys(formats).join(', ')}; csv, or what the name of the file says`)
  addFlag(command, '--output <path>', 'a file, or for pbench a folder that is empty or not there; stdout by default')
  addFlag(command, '--percentiles', 'latencies of tasks by percentile in the place of series, as csv or json')
  addSeriesFlags(command)
  addExamples(command, {
    'bak export last --output last.parquet': 'all series in one file, for DuckDB and pandas',
    'bak export last --metric "cpu.*" --member db-1': 'as CSV on stdout',
    'bak export last --percentiles --output last.csv':
      'latencies of tasks by percentile, to be drawn by another program',
    'bak export last --format openmetrics --output last.om': 'for promtool tsdb create-blocks-from openmetrics',
    'bak export last --format pbench --output csv/': 'a file a metric, as the post-processing of pbench leaves them'
  })
  setAction<Options>(command, act)
}

async function act(
  context: Context,
  { format, output, percentiles: isOfTasks, ...wanted }: Options,
  run = ''
): Promise<number> {
  const { json, print } = context
  const asked = format ?? (json && output == null ? 'json' : undefined)
  const chosen = await chooseFormat(asked, output)
  const exporter = isOfTasks ? percentiles(asked ?? nameOf(chosen), wanted) : chosen
  const result = await openResult(context, run)
  const choice = new SeriesChoice(result, wanted)
  const options = { result, choice, ...(output == null ? {} : { output }) }
  const done =
    exporter.writes !== 'text'
      ? await exporter.run(options, async () => {})
      : output == null
        ? await inPortions(
            text => writeTo(process.stdout, text),
            write => exporter.run(options, write)
          )
        : await toFile(output, write => exporter.run(options, write))
  if (json && output != null) await print(JSON.stringify({ run: result.run, output, ...done, unread: choice.unread }))
  const isGuessed =
    format == null &&
    !exporter.extensions.includes(
      extname(output ?? '')
        .slice(1)
        .toLowerCase()
    )
  const what = `${done.rows} values of ${done.series} ${isOfTasks ? 'distributions' : 'series'} of ${result.run}`
  await writeNotes([
    ...choice.unread.map(({ member, reason }) => `bak: series of ${member} cannot be read: ${reason}`),
    ...(output == null || json
      ? []
      : [`${what} are in ${output}${isGuessed ? ', as CSV, since its name is of no format' : ''}`])
  ])
  return choice.unread.length === 0 ? 0 : exitStatus.partial
}

/** Of what the name of a file says. */
const nameOf = ({ extensions }: Exporter): string => extensions[0] ?? ''

type Write = (text: string) => Promise<void>

async function inPortions<T>(write: Write, run: (write: Write) => Promise<T>): Promise<T> {
  let held = ''
  const done = await run(async text => {
    held += text
    if (held.length < PORTION) return
    const portion = held
    held = ''
    await write(portion)
  })
  await write(held)
  return done
}

const toFile = <T>(output: string, run: (write: Write) => Promise<T>): Promise<T> =>
  writeWhole(output, async path => {
    const file = await open(path, 'w')
    try {
      return await inPortions(async text => {
        // all of it: a disk that gets full may take a part
        await file.writeFile(text)
      }, run)
    } finally {
      await file.close()
    }
  })
