/** An export as JSON, a line a value. */
import { cleanJson } from '../../protocols/clean-line.ts'
import type { Exporter } from './exporter.ts'
import { rowOf, timeText } from './row-text.ts'

export const json: Exporter = {
  writes: 'text',
  extensions: ['json', 'jsonl', 'ndjson'],
  async run({ choice }, write) {
    const done = { rows: 0, series: 0 }
    for await (const { points, ...of } of choice.rows()) {
      const { labels, ...row } = rowOf(of)
      // it is JSON already
      const middle = cleanJson(`${JSON.stringify(row).slice(1, -1)},"labels":${labels}`)
      for (let i = 0; i < points.t.length; i++)
        await write(`{"timestamp":"${timeText(points.t[i] as number)}",${middle},"value":${points.v[i]}}\n`)
      done.rows += points.t.length
      done.series++
    }
    return done
  }
}
