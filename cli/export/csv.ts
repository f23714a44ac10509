/** An export as comma-separated values: a line a value, times in UTC with microseconds. */
import { csvCell, csvLine } from '../../protocols/csv.ts'
import type { Exporter } from './exporter.ts'
import { COLUMNS, rowOf, timeText } from './row-text.ts'

export const csv: Exporter = {
  writes: 'text',
  extensions: ['csv'],
  async run({ choice }, write) {
    const done = { rows: 0, series: 0 }
    await write(`${COLUMNS.join(',')}\n`)
    for await (const { points, ...of } of choice.rows()) {
      const { iteration, sample, member, tool, metric, labels, unit } = rowOf(of)
      const middle = csvLine([iteration, sample, member, tool, metric, labels, unit])
      for (let i = 0; i < points.t.length; i++)
        await write(`${timeText(points.t[i] as number)},${middle},${csvCell(points.v[i])}\n`)
      done.rows += points.t.length
      done.series++
    }
    return done
  }
}
