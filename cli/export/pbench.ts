/**
 * An export as pbench's post-processing leaves it: beside each tool a folder `csv`, in it a file a metric with a row a time and a column
 * a device, processor or process: `<n>-<iteration>/sample<k>/tools-<group>/<member>/<tool>/csv/cpu.busy.csv`, `timestamp_ms,all,0,1`.
 */
import { createWriteStream, mkdirSync, readdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { csvCell, csvLine } from '../../protocols/csv.ts'
import { BakError, whyOf } from '../../protocols/errors.ts'
import { persistentFolder, toolFolder } from '../../protocols/layout.ts'
import type { Points } from '../../protocols/series/read-series.ts'
import type { Result } from '../result/open-result.ts'
import type { SeriesOf, SeriesRows } from '../result/series-rows.ts'
import type { Exporter } from './exporter.ts'

/** Of a tool that is not in the roster, such as a workload that has series of its own. */
const GROUP = 'default'
/** Columns of one file; further ones get another file. */
const MAX_COLUMNS = 2_000

export const pbench: Exporter = {
  writes: 'folder',
  extensions: [],
  async run({ choice, result, output = '' }) {
    makeFolder(output)
    const done = { rows: 0, series: 0 }
    const written = new Map<string, number>()
    for await (const columns of tables(choice.rows())) {
      const [first] = columns as [SeriesRows]
      const path = pathOf(first, result)
      const count = (written.get(path) ?? 0) + 1
      written.set(path, count)
      await writeTable(join(output, `${path}${count === 1 ? '' : `.${count}`}.csv`), columns)
      done.rows += columns.reduce((sum, { points }) => sum + points.t.length, 0)
      done.series += columns.length
    }
    return done
  }
}

/** Its own folder must be there: a file system that makes no folders, such as /proc, would be asked for them for ever by a recursive call. */
function makeFolder(output: string): void {
  try {
    mkdirSync(output)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new BakError('cannot-create', `${output}: ${whyOf(cause)}`, { cause })
    refuseFull(output)
  }
}

function refuseFull(output: string): void {
  let names: string[]
  try {
    names = readdirSync(output)
  } catch (cause) {
    throw new BakError('cannot-create', `${output}: ${whyOf(cause)}`, { cause })
  }
  if (names.length > 0) throw new BakError('cannot-create', `${output} is not empty`)
}

const keyOf = ({ step, member, series: { tool, metric, unit } }: SeriesOf) =>
  JSON.stringify([step, member, tool, metric, unit])

/** Series of one metric follow each other in a file. */
async function* tables(rows: AsyncIterable<SeriesRows>): AsyncGenerator<SeriesRows[]> {
  let table: SeriesRows[] = []
  for await (const each of rows) {
    const [first] = table
    if (first != null && (keyOf(first) !== keyOf(each) || table.length === MAX_COLUMNS)) {
      yield table
      table = []
    }
    table.push(each)
  }
  if (table.length > 0) yield table
}

/** @returns the path without `.csv`; a name has no slash, and of several files of a name the further ones get a number */
function pathOf({ step, member, series: { tool, metric } }: SeriesOf, { record }: Result): string {
  const group =
    record.roster.find(({ name }) => name === member)?.tools.find(each => each.tool === tool)?.group ?? GROUP
  const folder = step == null ? persistentFolder(group, member, tool) : toolFolder(step, group, member, tool)
  const name = metric.replace(/[^\w.+-]/g, '_').replace(/^\.+/, '_')
  return join(folder, 'csv', name)
}

async function writeTable(path: string, columns: SeriesRows[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await pipeline(linesOf(columns), createWriteStream(path, { flags: 'wx' }))
}

function* linesOf(columns: SeriesRows[]): Generator<string> {
  yield `${csvLine(['timestamp_ms', ...columns.map(({ series }) => Object.values(series.labels).join(' ') || series.metric)])}\n`
  const next = new Uint32Array(columns.length)
  const all: Points[] = columns.map(({ points }) => points)
  for (;;) {
    let at = Number.POSITIVE_INFINITY
    for (const [i, { t }] of all.entries()) at = Math.min(at, t[next[i] as number] ?? at)
    if (at === Number.POSITIVE_INFINITY) return
    const cells = all.map(({ t, v }, i) => {
      const place = next[i] as number
      if (t[place] !== at) return ''
      next[i] = place + 1
      return csvCell(v[place])
    })
    yield `${Math.round(at)},${cells.join(',')}\n`
  }
}
