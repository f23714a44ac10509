/** The folder of a result as a run of many members with six tools would leave it, made by the writer of series that members use. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RECORD_FILE, SERIES_FILE, seriesFolder } from '../../protocols/layout.ts'
import type { RosterEntry } from '../../protocols/manifest.ts'
import { FORMAT, type RunRecord, writeRecord } from '../../protocols/record.ts'
import { checkSpec } from '../../protocols/run-file.ts'
import { SeriesWriter } from '../../protocols/series/write-series.ts'

const BEGAN = Date.UTC(2026, 10, 22, 21, 30, 15)
const RUN = '20261122T213015-k3f9ab'
const PEER = '12D3KooWGBfMVCN1C5bRUyoDvZTH2SzLrKFhEYw7sYbnyBLZ9xLp'
const STEP = { number: 1, name: 'default', sample: 1 }
const WORK_BEGINS = 2_000

interface Shape {
  members: number
  seconds: number
  processors: number
  devices: number
  interrupts: number
  processes: number
}

interface Tool {
  name: string
  metrics: string[]
  unit: string
  labels: Array<Record<string, string>>
}

/** @returns how many points it has of how many series */
export function writeResult(folder: string, shape: Shape): { series: number; points: number } {
  const members = Array.from({ length: shape.members }, (_, i) => `m${i + 1}`)
  const tools = toolsOf(shape)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, RECORD_FILE), writeRecord(recordOf(members, tools, shape)))
  for (const [at, member] of members.entries()) writeMember(folder, { member, seed: at + 1, tools, shape })
  const series = tools.reduce((sum, { metrics, labels }) => sum + metrics.length * labels.length, 0) * members.length
  return { series, points: series * shape.seconds }
}

function toolsOf({ processors, devices, interrupts, processes }: Shape): Tool[] {
  const many = (count: number, of: (i: number) => Record<string, string>) =>
    Array.from({ length: count }, (_, i) => of(i))
  const cpus = [{ cpu: 'all' }, ...many(processors, i => ({ cpu: `${i}` }))]
  const modes = ['user', 'nice', 'system', 'iowait', 'irq', 'softirq', 'steal', 'idle', 'busy'].map(
    mode => `cpu.${mode}`
  )
  const disk = [
    'reads',
    'writes',
    'read.bytes',
    'write.bytes',
    'read.await',
    'write.await',
    'util',
    'queue',
    'inflight'
  ]
  const machine = ['memory.used', 'memory.cached', 'memory.dirty', 'run.running', 'run.blocked', 'context.switches']
  const whole = [...machine, 'interrupts', 'pressure.cpu.some', 'pressure.io.some', 'pressure.memory.some', 'load.1']
  return [
    { name: 'proc', metrics: modes, unit: '%', labels: cpus },
    { name: 'proc', metrics: whole, unit: '', labels: [{}] },
    {
      name: 'proc',
      metrics: ['net.rx.bytes', 'net.tx.bytes'],
      unit: 'B/s',
      labels: [{ interface: 'eth0' }, { interface: 'lo' }]
    },
    { name: 'mpstat', metrics: modes, unit: '%', labels: cpus },
    { name: 'vmstat', metrics: whole, unit: '', labels: [{}] },
    {
      name: 'iostat',
      metrics: disk.map(name => `disk.${name}`),
      unit: '',
      labels: many(devices, i => ({ device: `nvme${i}n1` }))
    },
    {
      ...{
        name: 'pidstat',
        unit: '%',
        metrics: ['process.cpu.user', 'process.cpu.system', 'process.cpu', 'process.memory.rss']
      },
      labels: many(processes, i => ({ process: `worker${i}`, pid: `${1000 + i}` }))
    },
    {
      ...{ name: 'proc-interrupts', unit: '/s', metrics: ['interrupt.rate'] },
      labels: many(interrupts * processors, i => ({ irq: `${i % interrupts}`, cpu: `${Math.floor(i / interrupts)}` }))
    }
  ]
}

interface MemberToWrite {
  member: string
  seed: number
  tools: Tool[]
  shape: Shape
}

/** Values that change at each point, with the digits that tools print: they are the worst to pack. */
function writeMember(folder: string, { member, seed, tools, shape }: MemberToWrite): void {
  const path = join(folder, seriesFolder(STEP, member))
  mkdirSync(path, { recursive: true })
  const clock = { offset: 0, bound: 0.2, at: BEGAN }
  const writer = new SeriesWriter(join(path, SERIES_FILE), { run: RUN, member, step: STEP, clock, began: BEGAN })
  let state = seed * 2_654_435_761
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 0) / 2 ** 32
  }
  for (const { name: tool, metrics, unit, labels } of tools)
    for (const label of labels)
      for (const metric of metrics) {
        const series = writer.series({ tool, metric, labels: label, unit, kind: 'gauge' }) as number
        const level = 10 + 80 * random()
        for (let second = 0; second < shape.seconds; second++) {
          const value = Math.round(100 * level * (0.8 + 0.4 * random())) / 100
          writer.add(series, BEGAN + WORK_BEGINS + 1000 * second + seed / 7, value)
        }
      }
  writer.finish([])
}

function recordOf(members: string[], tools: Tool[], { seconds, processors }: Shape): RunRecord {
  const names = [...new Set(tools.map(({ name }) => name))]
  const assigned = names.map(tool => ({ group: 'default', tool, options: {} }))
  const available = names.map(tool => ({ tool, usable: true }))
  const clock = { offset: 0, bound: 0.2, at: BEGAN }
  const roster = members.map(
    (name, rank): RosterEntry => ({
      ...{ peer: PEER, name, rank, tools: assigned },
      capabilities: { program: '0', os: 'linux', cores: processors, clock, tools: available }
    })
  )
  const ended = BEGAN + 1000 * seconds + 2 * WORK_BEGINS
  const workload = { exit: 0, timedOut: false, duration: 1000 * seconds, began: BEGAN + WORK_BEGINS }
  return {
    ...{ format: FORMAT, run: RUN, name: 'bench', state: 'ended', verdict: 'ok', status: 0, partial: false, epoch: 0 },
    ...{ controller: { peer: PEER, name: 'm1' }, created: BEGAN, begun: BEGAN, ended, took: ended - BEGAN },
    ...{ program: '0', directory: '/', spec: checkSpec({ command: ['sleep', `${seconds}`] }), roster, excluded: [] },
    ...{ shortfalls: [], beside: [], workload: [{ step: STEP, ...workload }], skew: [], sent: [] }
  }
}
