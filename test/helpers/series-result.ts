/**
 * A result with series that look like those of real tools, the same for the same seed: members `m1`, `m2`, ..., iterations with samples, in each
 * an idle second, work, and an idle second. Its record is not sealed.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { persistentSeriesFolder, RECORD_FILE, SERIES_FILE, seriesFolder, toolFolder } from '../../protocols/layout.ts'
import type { Clock } from '../../protocols/manifest.ts'
import type { Metric } from '../../protocols/metric.ts'
import type { Step } from '../../protocols/phase.ts'
import { randomFrom } from '../../protocols/random.ts'
import { type RunRecord, writeRecord } from '../../protocols/record.ts'
import { SeriesWriter } from '../../protocols/series/write-series.ts'
import { runRecord, specOf } from '../protocols/samples.ts'
import { newSigner } from './streams.ts'

const RUN = '20261122T213015-k3f9ab'
/** When the run began, ms since 1970. */
export const BEGAN = 1_795_383_015_000

export interface ResultShape {
  /** Is made; gets run.json and the files of series. */
  folder: string
  run?: string
  members?: number
  iterations?: string[]
  samples?: number
  /** Of the work in each sample, s; a second before and a second after it are idle. */
  seconds?: number
  /** Of two points, s. */
  interval?: number
  processors?: number
  seed?: number
  /** What a member's disks take longer by, and what its workload gets less by: 2 is half as fast. */
  slower?: Record<string, number>
  /** Whether a persistent tool measured, too. */
  persistent?: boolean
}

export interface SeriesResult {
  folder: string
  record: RunRecord
  members: string[]
  samples: Array<{ step: Step; began: number; ended: number }>
}

export function seriesResult(shape: ResultShape): SeriesResult {
  const { folder, members: count = 3, iterations = ['bs=4k', 'bs=64k'], samples: each = 3, seconds = 20 } = shape
  const members = Array.from({ length: count }, (_, i) => `m${i + 1}`)
  const random = randomFrom(shape.seed ?? 1)
  const steps = iterations.flatMap((name, i) =>
    Array.from({ length: each }, (_, k): Step => ({ number: i + 1, name, sample: k + 1 }))
  )
  const length = (seconds + 2) * 1000
  const samples = steps.map((step, i) => {
    const began = BEGAN + 2000 + i * (length + 3000)
    return { step, began, ended: began + length }
  })
  mkdirSync(folder, { recursive: true })
  const record = recordOf(shape, { members, samples, random })
  writeFileSync(join(folder, RECORD_FILE), writeRecord(record))
  for (const [i, member] of members.entries()) {
    for (const { step, began, ended } of samples) {
      // what the tools wrote; what is measured of it is all that is read
      mkdirSync(join(folder, toolFolder(step, 'default', member, 'proc')), { recursive: true })
      const level = (step.number - 1) * 10 + i * 5
      writeMember(shape, { path: seriesFolder(step, member), member, step, began, ended, level, random })
    }
    if (!shape.persistent) continue
    const whole = { began: BEGAN, ended: (samples.at(-1)?.ended ?? BEGAN) + 1000 }
    writeMember(shape, { path: persistentSeriesFolder(member), member, ...whole, level: 5, random })
  }
  return { folder, record, members, samples }
}

interface MemberFile {
  path: string
  member: string
  step?: Step
  began: number
  ended: number
  /** How much more its processors have to do, %. */
  level: number
  random: () => number
}

function writeMember(shape: ResultShape, { path, member, step, began, ended, level, random }: MemberFile): void {
  const { folder, run = RUN, interval = 1, processors = 4, slower = {} } = shape
  mkdirSync(join(folder, path), { recursive: true })
  const info = { run, member, ...(step == null ? {} : { step }), clock: clockOf(member), began }
  const writer = new SeriesWriter(join(folder, path, SERIES_FILE), info)
  const factor = slower[member] ?? 1
  const near = (value: number, spread = 0.1) => Math.max(0, value * (1 + spread * (random() * 2 - 1)))
  const put = (tool: string, metric: string, labels: Record<string, string>, unit: string, t: number, v: number) =>
    writer.add(
      writer.series({ tool, metric, labels, unit, kind: unit.endsWith('/s') ? 'rate' : 'gauge' }) as number,
      t,
      v
    )
  for (let t = began; t <= ended; t += interval * 1000) {
    const isWork = t > began + 1000 && t < ended - 1000
    const user = isWork ? 30 + level : 1
    const share: Record<string, number> = {
      user,
      system: user / 3,
      iowait: isWork ? 10 * factor : 0,
      irq: 0.2,
      steal: 0
    }
    const idle = Math.max(0, 100 - Object.values(share).reduce((sum, each) => sum + each, 0))
    for (const cpu of ['all', ...Array.from({ length: processors }, (_, i) => String(i))]) {
      for (const [mode, value] of Object.entries(share)) put('proc', `cpu.${mode}`, { cpu }, '%', t, near(value))
      put('proc', 'cpu.idle', { cpu }, '%', t, near(idle, 0.02))
      put('proc', 'cpu.busy', { cpu }, '%', t, Math.min(100, near(100 - idle - (share.iowait ?? 0), 0.02)))
      for (const irq of ['24', 'LOC'])
        if (cpu !== 'all') put('proc-interrupts', 'interrupt.rate', { cpu, irq }, '/s', t, near(isWork ? 900 : 50))
    }
    put('proc', 'run.running', {}, 'tasks', t, Math.round(near(isWork ? processors * 1.5 : 1, 0.4)))
    put('proc', 'run.blocked', {}, 'tasks', t, Math.round(near(isWork ? factor : 0, 0.8)))
    put('proc', 'load.1', {}, '', t, near(isWork ? 2.5 : 0.5))
    put('proc', 'context.switches', {}, '/s', t, near(isWork ? 25_000 : 800))
    put('proc', 'memory.total', {}, 'B', t, 16e9)
    put('proc', 'memory.available', {}, 'B', t, near(isWork ? 9e9 : 14e9, 0.01))
    put('proc', 'memory.used', {}, 'B', t, near(isWork ? 7e9 : 2e9, 0.01))
    for (const [i, device] of ['sda', 'nvme0n1'].entries()) {
      const of = i === 1 && isWork ? 1 : 0.02
      put('iostat', 'disk.reads', { device }, '/s', t, near((of * 12_000) / factor))
      put('iostat', 'disk.read.bytes', { device }, 'B/s', t, near((of * 48e6) / factor))
      put('iostat', 'disk.writes', { device }, '/s', t, near((of * 4000) / factor))
      put('iostat', 'disk.write.bytes', { device }, 'B/s', t, near((of * 16e6) / factor))
      put('iostat', 'disk.read.await', { device }, 'ms', t, near(0.2 * factor))
      put('iostat', 'disk.util', { device }, '%', t, Math.min(100, near(of * 70 * factor)))
      put('iostat', 'disk.queue', { device }, '', t, near(of * 4 * factor))
    }
    for (const [name, of] of [
      ['eth0', 1],
      ['lo', 0.1]
    ] as const) {
      put('proc', 'net.rx.bytes', { interface: name }, 'B/s', t, near(of * (isWork ? 4e6 : 2e4), 0.2))
      put('proc', 'net.tx.bytes', { interface: name }, 'B/s', t, near(of * (isWork ? 1e6 : 1e4), 0.2))
    }
    for (const resource of ['cpu', 'io', 'memory'])
      put(
        'proc',
        `pressure.${resource}.some`,
        {},
        '%',
        t,
        near(isWork ? 8 * (resource === 'io' ? factor : 1) : 0.1, 0.5)
      )
  }
  writer.finish(member === 'm2' && step?.sample === 1 ? [{ file: 'proc/diskstats.txt', line: 7, why: 'cut off' }] : [])
}

const clockOf = (member: string): Clock => ({ offset: member.length / 4, bound: 0.2, at: BEGAN })

function recordOf(
  { run = RUN, slower = {}, interval = 1 }: ResultShape,
  { members, samples, random }: Pick<SeriesResult, 'members' | 'samples'> & { random: () => number }
): RunRecord {
  const names = [...new Set(samples.map(({ step }) => step.name))]
  const spec = specOf({
    command: undefined,
    name: 'fio',
    workload: [{ name: 'load', command: ['fio', 'job.fio'] }],
    tools: ['proc', 'iostat', 'proc-interrupts'],
    interval,
    samples: samples.length / names.length,
    iterations: names.map(name => ({ name, params: name.includes('=') ? Object.fromEntries([name.split('=')]) : {} }))
  })
  const tools = ['proc', 'iostat', 'proc-interrupts'].map(tool => ({ group: 'default', tool, options: {} }))
  const peers = members.map(() => newSigner().peer)
  const roster = members.map((name, rank) => ({
    ...{ peer: peers[rank] as string, name, rank, tools, workloads: [{ name: 'load', instances: 1, rank }] },
    capabilities: {
      ...{ program: '0.1.0', os: 'linux 6.12', cores: 4, clock: clockOf(name) },
      tools: tools.map(({ tool }) => ({ tool, usable: true }))
    }
  }))
  const metrics = (member: string, { number }: Step): Metric[] => {
    const speed = (1 + 0.04 * (random() - 0.5)) / (slower[member] ?? 1)
    return [
      { name: 'fio.read.iops', value: (48_000 / number) * speed, unit: '/s', samples: 1 },
      { name: 'fio.read.clat.p99', value: (0.8 * number) / speed, unit: 'ms', samples: 1 }
    ]
  }
  const workload = samples.flatMap(({ step, began, ended }) =>
    members.map(member => ({
      ...{ step, member, name: 'load', instance: 1, role: 'client' as const, exit: 0, timedOut: false },
      ...{ began: began + 1000, duration: ended - began - 2000, metrics: metrics(member, step) }
    }))
  )
  const ended = (samples.at(-1)?.ended ?? BEGAN) + 2000
  return {
    ...runRecord,
    ...{ run, name: 'fio', verdict: 'ok', status: 0, spec, roster, workload },
    ...{ controller: { peer: peers[0] as string, name: members[0] as string } },
    ...{ created: BEGAN, begun: BEGAN, ended, took: ended - BEGAN }
  }
}
