/**
 * An export as OpenMetrics text with times, as `promtool tsdb create-blocks-from openmetrics` takes it: a family a metric and unit,
 * `bak_cpu_busy_percent{iteration="1-4k",sample="sample1",member="db-1",tool="proc",cpu="all"} 97.5 1795383015.123`.
 */

import { cleanLine } from '../../protocols/clean-line.ts'
import type { SeriesInfo } from '../../protocols/series/series-file.ts'
import type { Exporter } from './exporter.ts'
import { rowOf } from './row-text.ts'

/** How units are called at the end of a name. */
const UNITS: Record<string, string> = {
  '': '',
  '%': 'percent',
  '/s': 'per_second',
  B: 'bytes',
  'B/s': 'bytes_per_second',
  'bit/s': 'bits_per_second',
  ms: 'milliseconds',
  s: 'seconds'
}

export const openmetrics: Exporter = {
  writes: 'text',
  extensions: ['prom', 'om', 'txt'],
  async run({ choice }, write) {
    const done = { rows: 0, series: 0 }
    const families = new Map<string, { metric: string; unit: string }>()
    for await (const { series } of choice.index()) families.set(familyOf(series), series)
    // all of a family stands together, of whichever file it is
    for (const [family, { metric, unit }] of [...families].sort(([a], [b]) => (a < b ? -1 : 1))) {
      await write(
        `# TYPE ${family} gauge\n# HELP ${family} ${escapeText(unit === '' ? metric : `${metric}, ${unit}`)}\n`
      )
      for await (const { points, ...of } of choice.rows(series => familyOf(series) === family)) {
        const { iteration, sample, member, tool } = rowOf(of)
        const own = { iteration, sample, member, tool }
        const head = `${family}{${labelsOf(own, of.series.labels)}}`
        for (let i = 0; i < points.t.length; i++)
          await write(`${head} ${points.v[i]} ${((points.t[i] as number) / 1000).toFixed(6)}\n`)
        done.rows += points.t.length
        done.series++
      }
    }
    await write('# EOF\n')
    return done
  }
}

/** Two metrics whose names differ in what a name may not have are one family, and differ by their tool. */
function familyOf({ metric, unit }: Pick<SeriesInfo, 'metric' | 'unit'>): string {
  const end = UNITS[unit] ?? plainName(unit)
  return ['bak', plainName(metric), end].filter(each => each !== '').join('_')
}

const plainName = (text: string) => text.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')

/** What bak says of a series comes before what its tool says; a label of a name that is taken has a number behind it. */
function labelsOf(own: Record<string, string>, others: Record<string, string>): string {
  const labels = new Map(Object.entries(own).filter(([, value]) => value !== ''))
  for (const [key, value] of Object.entries(others)) {
    const plain = plainName(key).replace(/^(?=\d)/, '_') || '_'
    let name = plain
    for (let n = 2; labels.has(name); n++) name = `${plain}_${n}`
    labels.set(name, value)
  }
  return [...labels].map(([name, value]) => `${name}="${escapeText(value)}"`).join(',')
}

/** Without what a terminal would obey. */
const escapeText = (text: string) =>
  cleanLine(text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n'))
