/** Files of the tool `gauge`: what its load took before the sample, and after it. */
import type { LineReader, SeriesReader, Sink } from '../../series/reader.ts'

/** Of one file. */
const MAX_TEXT = 256 * 1024

export const gauge: SeriesReader[] = [{ files: ['before.json', 'after.json'], open: (_, sink) => open(sink) }]

function open(sink: Sink): LineReader {
  let text = ''
  return {
    line(line) {
      if (text.length + line.length > MAX_TEXT) throw new Error(`has more than ${MAX_TEXT} characters`)
      text += `${line}\n`
    },
    end() {
      const { at, reading = {} } = JSON.parse(text) as { at: number; reading?: Record<string, unknown> }
      // a gauging that was cut off has no reading
      for (const piece of ['integer', 'memory', 'disk', 'held']) {
        const value = Number(reading[piece] ?? Number.NaN)
        // the part of the time that other programs had the processor
        if (piece === 'held') sink.gauge('gauge.held', {}, '%')(at, value * 100)
        else sink.gauge(`gauge.${piece}`, {}, 'ms')(at, value)
      }
    }
  }
}
