/** What `pmdumplog -l -d -m -Z UTC` prints of an archive: when it begins, what its metrics are, and then records with the time of the day on the member's clock. */
import type { Labels, LineReader, Put, SeriesReader, Sink } from '../../series/reader.ts'
import { keptIn } from '../../tools/readers/kept.ts'

const DAY_MS = 86_400_000
/** `  commencing Tue Dec  1 02:23:06.461134 2026` */
const BEGIN = /^\s*commencing\s+\w+ (\w+)\s+(\d+) [\d:.]+ (\d+)$/
const DESCRIBED = /^PMID: (\S+) \((\S+)\)/
const TYPE = /^\s+Data Type: (.+?)\s+InDom:/
const SEMANTICS = /^\s+Semantics: (\S+)\s+Units: (.+)$/
const RECORD = /^(\d\d):(\d\d):(\d\d\.\d+)\s+\d+ metrics?$/
const METRIC = /^\s+(\d+\.\d+\.\d+) \(([^)]+)\):(.*)$/
const VALUE = /^\s+(?:inst \[(-?\d+) or "(.*)"\] )?value (\S+)$/

/** Bytes, seconds, counts: of each unit what it is called here, and how many of that it is. */
const UNITS: Record<string, [unit: string, scale: number]> = {
  none: ['', 1],
  count: ['', 1],
  byte: ['B', 1],
  Kbyte: ['B', 1024],
  Mbyte: ['B', 1024 ** 2],
  nanosec: ['s', 1e-9],
  microsec: ['s', 1e-6],
  millisec: ['s', 1e-3],
  sec: ['s', 1]
}

interface Described {
  name: string
  isNumber: boolean
  isCounter: boolean
  units: string
}

interface Measure {
  metric: string
  labels: Labels
  unit: string
  scale: number
}

const MEASURES: Array<[name: RegExp, of: (found: string[], instance: string) => Partial<Measure>]> = [
  [/^kernel\.all\.load$/, (_, instance) => ({ metric: `load.${Number.parseInt(instance, 10)}`, labels: {} })],
  [
    /^kernel\.percpu\.cpu\.(user|nice|sys|idle|steal|guest|wait\.total|irq\.soft|irq\.hard)$/,
    ([, mode = ''], instance) => {
      const named = { sys: 'system', 'wait.total': 'iowait', 'irq.soft': 'softirq', 'irq.hard': 'irq' }[mode] ?? mode
      return { metric: `cpu.${named}`, labels: { cpu: instance.replace('cpu', '') }, unit: '%', scale: 0.1 }
    }
  ],
  [/^kernel\.all\.pswitch$/, () => ({ metric: 'context.switches' })],
  [/^kernel\.all\.intr$/, () => ({ metric: 'interrupts' })],
  [/^kernel\.all\.(running|blocked)$/, ([, of]) => ({ metric: `run.${of}`, unit: 'tasks' })],
  [/^mem\.util\.(free|used|available|cached|dirty)$/, ([, of]) => ({ metric: `memory.${of}` })],
  [/^mem\.physmem$/, () => ({ metric: 'memory.total' })],
  [/^disk\.dev\.(read|write)$/, ([, of], device) => ({ metric: `disk.${of}s`, labels: { device } })],
  [/^disk\.dev\.(read|write)_bytes$/, ([, of], device) => ({ metric: `disk.${of}.bytes`, labels: { device } })],
  [/^disk\.dev\.avactive$/, (_, device) => ({ metric: 'disk.util', labels: { device }, unit: '%', scale: 0.1 })],
  [
    /^network\.interface\.(in|out)\.(bytes|packets|errors|drops)$/,
    ([, way, of], instance) => ({
      metric: `net.${way === 'in' ? 'rx' : 'tx'}.${of}`,
      labels: { interface: instance }
    })
  ]
]

function openSeries({ name, isCounter, units }: Described, instance: string, sink: Sink): Put {
  const [unit, scale] = UNITS[units] ?? [units, 1]
  const found = MEASURES.map(([pattern, of]) => ({ found: pattern.exec(name), of })).find(each => each.found != null)
  const measure: Measure = {
    ...{ metric: `pcp.${name}`, labels: instance === '' ? {} : { instance }, scale },
    unit: isCounter ? `${unit}/s` : unit,
    ...found?.of(found.found as string[], instance)
  }
  if (isCounter) return sink.counter(measure.metric, measure.labels, measure.unit, { scale: measure.scale })
  const put = sink.gauge(measure.metric, measure.labels, measure.unit)
  return (t, value) => put(t, value * measure.scale)
}

export const pcpDump: Pick<SeriesReader, 'open'> = {
  open(_, sink): LineReader {
    const described = new Map<string, Described>()
    const known = new Map<string, Put>()
    let [day, ofDay] = [Number.NaN, 0]
    let now: Described | undefined
    const put = (metric: Described, instance: string, value: string) => {
      if (!metric.isNumber) return
      const write = keptIn(known, `${metric.name}\n${instance}`, () => openSeries(metric, instance, sink))
      write(day + ofDay, Number(value))
    }
    const onMetric = (id: string, name: string) => {
      now = described.get(id) ?? { name, isNumber: false, isCounter: false, units: '' }
    }
    const onTime = (hours: string, minutes: string, seconds: string) => {
      const at = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
      if (at < ofDay - DAY_MS / 2) day += DAY_MS
      ofDay = at
    }
    return {
      line(text) {
        const value = VALUE.exec(text)
        if (value != null) return now && put(now, value[2] ?? '', value[3] as string)
        const metric = METRIC.exec(text)
        if (metric != null) {
          onMetric(metric[1] as string, metric[2] as string)
          const single = VALUE.exec(metric[3] as string)
          return single == null ? undefined : now && put(now, single[2] ?? '', single[3] as string)
        }
        const record = RECORD.exec(text)
        if (record != null) return onTime(record[1] as string, record[2] as string, record[3] as string)
        const begin = BEGIN.exec(text)
        if (begin != null) day = Date.parse(`${begin[2]} ${begin[1]} ${begin[3]} 00:00:00 UTC`)
        const named = DESCRIBED.exec(text)
        if (named != null) {
          now = { name: named[2] as string, isNumber: false, isCounter: false, units: '' }
          described.set(named[1] as string, now)
        }
        const type = TYPE.exec(text)
        if (type != null && now != null) now.isNumber = /int|float|double/.test(type[1] as string)
        const semantics = SEMANTICS.exec(text)
        if (semantics != null && now != null)
          Object.assign(now, { isCounter: semantics[1] === 'counter', units: (semantics[2] as string).trim() })
      }
    }
  }
}
