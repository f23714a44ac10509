import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pcpDump } from '../../../node/collectors/series/pcp-dump.ts'
import { prometheusDump } from '../../../node/collectors/series/prometheus-dump.ts'
import { rateOf } from '../../../node/series/counter.ts'
import type { SeriesReader, Sink } from '../../../node/series/reader.ts'

const test = suite('what collectors have, as series')
const about = { tool: 'node-exporter', file: 'x', options: {}, interval: 1, began: 1 }

/** @returns each point as `metric {labels} unit: time value`, and what was bad */
function read(reader: Pick<SeriesReader, 'open'>, text: string) {
  const points: string[] = []
  const bad: string[] = []
  const put = (metric: string, labels: object, unit: string) => (t: number, value: number) =>
    void points.push(`${metric} ${JSON.stringify(labels)} ${unit}: ${t} ${Number(value.toPrecision(10))}`)
  const sink: Sink = {
    gauge: put,
    counter(metric, labels, unit, options) {
      const [write, next] = [put(metric, labels, unit), rateOf(options)]
      return (t, value) => {
        const rate = next(t, value)
        if (rate != null) write(t, rate)
      }
    },
    bad: why => void bad.push(why)
  }
  const lines = reader.open(about, sink)
  for (const [i, line] of text.split('\n').entries()) lines.line(line, i + 1)
  lines.end?.()
  return { points, bad }
}

const of = (name: string, more = '') =>
  `{__name__="${name}", group="default", instance="a", job="node-exporter", member="a"${more}}`

test('a dump of Prometheus has the names of everywhere, rates of counters, and no labels of the member', () => {
  const text = `${of('node_cpu_seconds_total', ', cpu="1", mode="user", role="db"')} 10 1000
${of('node_cpu_seconds_total', ', cpu="1", mode="user", role="db"')} 10.5 2000
${of('node_load1', ', role="db"')} 2.5 2000
${of('node_network_receive_bytes_total', ', device="eth0", role="db"')} 1000 1000
${of('node_network_receive_bytes_total', ', device="eth0", role="db"')} 3000 2000
${of('node_filefd_allocated', ', role="db", x="a\\"b"')} 7 2000
${of('node_scrape_total', ', role="db"')} 7 1000
not a sample`
  assert.equal(read(prometheusDump(new Set(['role'])), text), {
    points: [
      'cpu.user {"cpu":"1"} %: 2000 50',
      'load.1 {} : 2000 2.5',
      'net.rx.bytes {"interface":"eth0"} B/s: 2000 2000',
      'node_exporter.filefd_allocated {"x":"a\\"b"} : 2000 7'
    ],
    bad: ['is no sample of a dump']
  })
})

const DUMP = `Note: timezone set to "TZ=UTC"

Log Label (Log Format Version 2)
Performance metrics from host a
    commencing Mon Nov 30 23:59:58.500000 2026
    ending     Tue Dec  1 00:00:01.500000 2026

Descriptions for Metrics in the Log ...
PMID: 60.2.0 (kernel.all.load)
    Data Type: float  InDom: 60.2 0xf000002
    Semantics: instant  Units: none
PMID: 60.1.2 (mem.util.free)
    Data Type: 64-bit unsigned int  InDom: PM_INDOM_NULL 0xffffffff
    Semantics: instant  Units: Kbyte
PMID: 60.0.0 (kernel.percpu.cpu.user)
    Data Type: 64-bit unsigned int  InDom: 60.0 0xf000000
    Semantics: counter  Units: millisec
PMID: 60.12.0 (kernel.uname.release)
    Data Type: string  InDom: PM_INDOM_NULL 0xffffffff
    Semantics: discrete  Units: none

23:59:59.500000 4 metrics
    60.2.0 (kernel.all.load):
        inst [1 or "1 minute"] value 24.5
        inst [5 or "5 minute"] value 17.25
    60.1.2 (mem.util.free): value 8
    60.0.0 (kernel.percpu.cpu.user):
        inst [0 or "cpu0"] value 1000
    60.12.0 (kernel.uname.release): value "6.18"

00:00:01.500000 1 metric
    60.0.0 (kernel.percpu.cpu.user): inst [0 or "cpu0"] value 2000
`

test('an archive of PCP has days, units and semantics; texts are left out', () => {
  const t = Date.UTC(2026, 10, 30, 23, 59, 59, 500)
  assert.equal(read(pcpDump, DUMP), {
    points: [
      `load.1 {} : ${t} 24.5`,
      `load.5 {} : ${t} 17.25`,
      `memory.free {} B: ${t} 8192`,
      `cpu.user {"cpu":"0"} %: ${t + 2000} 50`
    ],
    bad: []
  })
})

test.run()
