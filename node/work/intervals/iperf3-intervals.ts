/** The intervals of iperf3, of all its streams together: in its JSON, which it prints at its end, or line by line. */
import type { FileAbout, SeriesReader } from '../../series/reader.ts'
import { listAt, numberAt, at as valueAt } from '../results/output-text.ts'
import { plainNumber, sizeOf } from '../results/units.ts'
import { KeptPuts } from './kept-puts.ts'

/** Characters of one JSON text. */
const MAX_JSON = 8 * 1024 * 1024

export const iperf3Intervals: SeriesReader['open'] = (about, sink) => {
  const puts = new KeptPuts(sink)
  const lines = textIntervals(about, puts)
  let json: string[] | undefined
  let length = 0
  return {
    line(text) {
      if (text.startsWith('[')) return lines.line(text)
      if (text === '{') [json, length] = [[], 0]
      if (json == null) return
      json.push(text)
      length += text.length + 1
      if (length > MAX_JSON) json = undefined
      if (text !== '}' || json == null) return
      const whole = json.join('\n')
      json = undefined
      // JSON of others is printed alike
      if (/"version":\s*"iperf 3/.test(whole.slice(0, 65_536))) readJson(JSON.parse(whole), about, puts)
    },
    end: lines.end
  }
}

function readJson(result: unknown, { began }: FileAbout, puts: KeptPuts): void {
  for (const interval of listAt(result, 'intervals')) {
    for (const [key, direction] of [
      ['sum', 'forward'],
      ['sum_bidir_reverse', 'reverse']
    ] as const) {
      const sum = valueAt(interval, key)
      const end = numberAt(sum, 'end')
      if (end == null) continue
      putAll(puts, began + end * 1000, direction, {
        rate: numberAt(sum, 'bits_per_second'),
        retransmits: numberAt(sum, 'retransmits')
      })
    }
  }
}

interface Values {
  rate: number | undefined
  retransmits: number | undefined
}

function putAll(puts: KeptPuts, t: number, direction: 'forward' | 'reverse', { rate, retransmits }: Values): void {
  const labels = { kind: direction }
  puts.put('iperf3.bitrate', 'bit/s', t, rate, labels, direction)
  puts.put('iperf3.retransmits', '', t, retransmits, labels, direction)
}

const LINE =
  /^\[(SUM| {0,3}\d{1,3})\] +([\d.]{1,12})-([\d.]{1,12}) +sec +[\d.]{1,12} \w{1,12} +([\d.]{1,12} [KMGT]?)bits\/sec(?: +(\d{1,12}))?(.*)$/

/** Of several streams the lines of all together come after their own. */
function textIntervals({ began }: FileAbout, puts: KeptPuts) {
  /** The last line of one stream: it counts if there is no sum behind it. */
  let pending: { t: number; begin: string; values: Values } | undefined
  const flush = () => {
    if (pending != null) putAll(puts, pending.t, 'forward', pending.values)
    pending = undefined
  }
  const line = (text: string) => {
    const [, stream, begin, end, rate, retransmits, rest = ''] = LINE.exec(text) ?? []
    // what is behind the intervals is of the whole
    if (begin == null || end == null || /sender|receiver/.test(rest)) return flush()
    // of UDP the number is that of datagrams, and no window follows
    const isTcp = rest.includes('Bytes') || (stream === 'SUM' && pending?.values.retransmits != null)
    const values = { rate: sizeOf(rate, 1000), retransmits: isTcp ? plainNumber(retransmits) : undefined }
    const t = began + Number(end) * 1000
    if (stream === 'SUM' || begin !== pending?.begin) {
      if (stream !== 'SUM') flush()
      pending = { t, begin, values }
    }
    if (stream === 'SUM') flush()
  }
  return { line, end: flush }
}
