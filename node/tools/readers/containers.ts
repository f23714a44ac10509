/** What `docker stats` and `podman stats` print at each interval, as JSON: a line a container, or one list. */
import type { Put, SeriesReader, Sink } from '../../series/reader.ts'
import { sizeIn } from './cells.ts'
import { keptIn } from './kept.ts'
import { stampedFile } from './stamped-file.ts'

/** Of one sample. */
const MAX_JSON = 4 * 1024 * 1024

interface Stats {
  name: string
  cpu: string
  memory: string
  network: string
  io: string
  pids: string
}

type Json = Record<string, unknown>

const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? `${value}` : '')

const statsOf = (each: Json): Stats => ({
  name: text(each.Name ?? each.name),
  cpu: text(each.CPUPerc ?? each.cpu_percent),
  memory: text(each.MemUsage ?? each.mem_usage),
  network: text(each.NetIO ?? each.net_io),
  io: text(each.BlockIO ?? each.block_io),
  pids: text(each.PIDs ?? each.pids)
})

/** Sizes have three or four digits: rates of what a container has moved in all are as coarse. */
function putsOf(container: string, sink: Sink) {
  const labels = { container }
  const rate = (metric: string): Put => sink.counter(metric, labels, 'B/s')
  return {
    cpu: sink.gauge('container.cpu', labels, '%'),
    used: sink.gauge('container.memory.used', labels, 'B'),
    limit: sink.gauge('container.memory.limit', labels, 'B'),
    pids: sink.gauge('container.pids', labels, 'tasks'),
    network: [rate('container.net.rx.bytes'), rate('container.net.tx.bytes')],
    io: [rate('container.read.bytes'), rate('container.write.bytes')]
  }
}

/** `--` stands for what is not known: it is no number, and left out. */
const pair = (value: string) => value.split(' / ').map(each => sizeIn(each, 1000))

export const containers = (tool: string): SeriesReader[] => [
  stampedFile(`${tool}-stdout.txt`, sink => {
    const known = new Map<string, ReturnType<typeof putsOf>>()
    let held = ''
    const put = (at: number, { name, cpu, memory, network, io, pids }: Stats) => {
      if (name === '') return
      const puts = keptIn(known, name, () => putsOf(name, sink))
      puts.cpu(at, sizeIn(cpu.replace('%', ''), 1000))
      puts.pids(at, sizeIn(pids, 1000))
      const [used = Number.NaN, limit = Number.NaN] = pair(memory)
      puts.used(at, used)
      puts.limit(at, limit)
      for (const [i, value] of pair(network).entries()) puts.network[i]?.(at, value)
      for (const [i, value] of pair(io).entries()) puts.io[i]?.(at, value)
    }
    const putJson = (at: number, json: string) => {
      try {
        const value = JSON.parse(json) as Json | Json[]
        for (const each of Array.isArray(value) ? value : [value]) put(at, statsOf(each))
      } catch {
        sink.bad('is no JSON')
      }
    }
    return {
      begin() {
        held = ''
      },
      line(at, line) {
        if (held === '' && line.startsWith('{') && line.endsWith('}')) putJson(at, line)
        else if (held.length + line.length <= MAX_JSON) held += `${line}\n`
      },
      end(at) {
        if (held.trim() !== '') putJson(at, held)
      }
    }
  })
]
