/** What `promtool tsdb dump` prints: a line for each value, those of one series together, with its labels, the value, and ms since 1970 on the controller's clock. */

import { ifPossible } from '../../if-possible.ts'
import type { CounterOptions, Labels, Put, SeriesReader, Sink } from '../../series/reader.ts'

const LINE = /^\{(.*)\} (\S+) (\d+)$/
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g
/** Of the member and its tool, which a file of series has by itself. */
const KNOWN = new Set(['__name__', 'member', 'instance', 'group', 'job'])
/** Counters by their names: the text has no types. */
const COUNTER = /_(total|count|sum|bucket)$/

interface Measure {
  metric: string
  unit: string
  labels?: Labels
  scale?: number
  isCounter?: boolean
}

const gauge = (metric: string, unit: string, labels?: Labels): Measure => ({ metric, unit, labels })
const rate = (metric: string, unit: string, labels?: Labels, scale = 1): Measure => ({
  ...{ metric, unit, labels, scale, isCounter: true }
})

/** Of node_exporter, by the names that the quantities have everywhere. */
const MEASURES: Array<[name: RegExp, of: (found: string[], labels: Labels) => Measure]> = [
  [/^node_cpu_seconds_total$/, (_, { cpu = '', mode = '' }) => rate(`cpu.${mode}`, '%', { cpu }, 100)],
  [/^node_load(1|5|15)$/, ([, of]) => gauge(`load.${of}`, '')],
  [/^node_procs_(running|blocked)$/, ([, of]) => gauge(`run.${of}`, 'tasks')],
  [/^node_context_switches_total$/, () => rate('context.switches', '/s')],
  [/^node_intr_total$/, () => rate('interrupts', '/s')],
  [/^node_forks_total$/, () => rate('forks', '/s')],
  [/^node_memory_Mem(Total|Free|Available)_bytes$/, ([, of = '']) => gauge(`memory.${of.toLowerCase()}`, 'B')],
  [/^node_memory_(Cached|Buffers|Dirty)_bytes$/, ([, of = '']) => gauge(`memory.${of.toLowerCase()}`, 'B')],
  [/^node_disk_(reads|writes)_completed_total$/, ([, of], { device = '' }) => rate(`disk.${of}`, '/s', { device })],
  [/^node_disk_read_bytes_total$/, (_, { device = '' }) => rate('disk.read.bytes', 'B/s', { device })],
  [/^node_disk_written_bytes_total$/, (_, { device = '' }) => rate('disk.write.bytes', 'B/s', { device })],
  [/^node_disk_io_time_seconds_total$/, (_, { device = '' }) => rate('disk.util', '%', { device }, 100)],
  [/^node_disk_io_now$/, (_, { device = '' }) => gauge('disk.inflight', '', { device })],
  [
    /^node_network_(receive|transmit)_(bytes|packets|errs|drop)_total$/,
    ([, way, what = ''], { device = '' }) => {
      const of = { errs: 'errors', drop: 'drops' }[what] ?? what
      return rate(`net.${way === 'receive' ? 'rx' : 'tx'}.${of}`, what === 'bytes' ? 'B/s' : '/s', {
        interface: device
      })
    }
  ],
  [
    /^node_pressure_(cpu|io|memory)_(waiting|stalled)_seconds_total$/,
    ([, of, how]) => rate(`pressure.${of}.${how === 'waiting' ? 'some' : 'full'}`, '%', {}, 100)
  ],
  [
    /^node_filesystem_(size|avail)_bytes$/,
    ([, of], { mountpoint = '' }) =>
      gauge(`filesystem.${of === 'size' ? 'size' : 'available'}`, 'B', { mount: mountpoint })
  ]
]

/** Anything else is `<tool>.<name of Prometheus>`. */
function measureOf(name: string, labels: Labels, tool: string): Measure {
  for (const [pattern, of] of MEASURES) {
    const found = pattern.exec(name)
    if (found != null) return of(found, labels)
  }
  const metric = `${tool.replaceAll('-', '_')}.${name.replace(/^node_/, '').replace(/_total$/, '')}`
  const what = /_bytes(_total|_sum)?$/.test(name) ? 'B' : /_seconds(_total|_sum)?$/.test(name) ? 's' : ''
  return COUNTER.test(name) ? rate(metric, `${what}/s`) : gauge(metric, what)
}

/** @param drop labels of the member itself, which each series of it has */
export function prometheusDump(drop: ReadonlySet<string> = new Set()): Pick<SeriesReader, 'open'> {
  return {
    open({ tool }, sink) {
      let last = ''
      let put: Put = () => {}
      return {
        line(text) {
          const [, labels, value = '', time = ''] = LINE.exec(text) ?? []
          if (labels == null) return text === '' ? undefined : sink.bad('is no sample of a dump')
          if (labels !== last) {
            last = labels
            put = openSeries(labels, tool, drop, sink)
          }
          put(Number(time), Number(value))
        }
      }
    }
  }
}

function openSeries(text: string, tool: string, drop: ReadonlySet<string>, sink: Sink): Put {
  const all = Object.fromEntries([...text.matchAll(LABEL)].map(([, key = '', value = '']) => [key, unquoted(value)]))
  const own = Object.entries(all).filter(([key]) => !KNOWN.has(key) && !drop.has(key))
  const { metric, unit, scale, isCounter, ...measure } = measureOf(all.__name__ ?? '', all, tool)
  const labels = measure.labels ?? Object.fromEntries(own)
  const options: CounterOptions = { scale }
  return isCounter ? sink.counter(metric, labels, unit, options) : sink.gauge(metric, labels, unit)
}

/** Quoted as Go does. */
const unquoted = (text: string): string =>
  text.includes('\\') ? (ifPossible(() => JSON.parse(`"${text}"`)) ?? text) : text
