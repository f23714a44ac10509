/** The file of the tool `cgroup`: a number a row, of a group, a file of it and a key in that. */
import type { Put, Sink } from '../../series/reader.ts'
import { nameOf } from './cells.ts'
import { type Column, csvFile } from './csv-file.ts'
import { keptIn } from './kept.ts'

/** Of memory.stat: these are events, all others bytes; Documentation/admin-guide/cgroup-v2.rst. */
const EVENTS = /^(pg|thp_|numa_|pswp|zswp(in|out|wb)|swp(in|out)_|workingset_(?!nodes))/

const IO: Record<string, [metric: string, unit: string]> = {
  rbytes: ['cgroup.read.bytes', 'B/s'],
  wbytes: ['cgroup.write.bytes', 'B/s'],
  dbytes: ['cgroup.discard.bytes', 'B/s'],
  rios: ['cgroup.reads', '/s'],
  wios: ['cgroup.writes', '/s'],
  dios: ['cgroup.discards', '/s']
}

const CPU: Record<string, string> = {
  usage_usec: 'cgroup.cpu',
  user_usec: 'cgroup.cpu.user',
  system_usec: 'cgroup.cpu.system',
  nice_usec: 'cgroup.cpu.nice',
  throttled_usec: 'cgroup.cpu.throttled'
}

/** Microseconds in a second, of a million, in percent: of one processor, or of the time. */
const share = (metric: string): Column => ({ metric, unit: '%', scale: 1e-4, isCounter: true })
const counter = (metric: string, unit = '/s'): Column => ({ metric, unit, isCounter: true })

/** @returns undefined for what another number says, too */
function columnOf(file: string, key: string): (Column & { device?: string }) | undefined {
  const [resource = ''] = file.split('.')
  if (file.endsWith('.pressure')) {
    const [kind = '', what] = key.split('.')
    return what === 'total' ? share(`cgroup.pressure.${resource}.${nameOf(kind)}`) : undefined
  }
  if (file === 'cpu.stat') {
    if (Object.hasOwn(CPU, key)) return share(CPU[key] as string)
    return key.endsWith('_usec')
      ? share(`cgroup.cpu.${nameOf(key.slice(0, -5))}`)
      : counter(`cgroup.cpu.${nameOf(key)}`)
  }
  if (file === 'memory.stat') {
    const metric = `cgroup.memory.${nameOf(key)}`
    return EVENTS.test(key) ? counter(metric) : { metric, unit: key === 'workingset_nodes' ? '' : 'B' }
  }
  if (file === 'memory.events') return counter(`cgroup.memory.events.${nameOf(key)}`)
  if (file === 'io.stat') {
    const [, device = '', what = ''] = /^(.*)\.([^.]+)$/.exec(key) ?? []
    const [metric, unit] = Object.hasOwn(IO, what)
      ? (IO[what] as [string, string])
      : [`cgroup.io.${nameOf(what)}`, '/s']
    return { ...counter(metric, unit), device }
  }
  if (file === 'pids.current') return { metric: 'cgroup.pids', unit: 'tasks' }
  // memory.current, memory.swap.current
  return { metric: `cgroup.${nameOf(file)}`, unit: 'B' }
}

function open(group: string, file: string, key: string, sink: Sink): Put {
  const column = columnOf(file, key)
  if (column == null) return () => {}
  const { metric, unit, scale, isCounter, device } = column
  const labels: Record<string, string> = device == null ? { cgroup: group } : { cgroup: group, device }
  return isCounter ? sink.counter(metric, labels, unit, { scale }) : sink.gauge(metric, labels, unit)
}

export const cgroup = [
  csvFile('cgroup.csv', (_, sink) => {
    const known = new Map<string, Put>()
    return (at, [, group = '', file = '', key = '', value]) => {
      const put = keptIn(known, `${group}\n${file}\n${key}`, () => open(group, file, key, sink))
      put(at, value === '' ? Number.NaN : Number(value))
    }
  })
]
