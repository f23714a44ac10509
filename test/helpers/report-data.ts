/** A report as a run would leave it, of any number of members and samples, the same each time: for tests and pictures of the page. */

import type { FlameText, MetricSummary, Panel, PanelCell, ReportData } from '../../cli/report/report-data.ts'
import { randomFrom } from '../../protocols/random.ts'

interface Wanted {
  members?: number
  iterations?: string[]
  samples?: number
  /** s that each sample works. */
  work?: number
  /** s between two points. */
  interval?: number
  processors?: number
  /** Further series for the filter box, a member. */
  further?: number
}

/** s before the first sample, around each, and at the end. */
const BEFORE = 9
const AROUND = 2.5
const SEND = 3

/** @returns what `pageHtml` takes */
export function makeReport({
  members = 3,
  iterations = ['4k', '64k'],
  samples = 3,
  work = 20,
  interval = 0.5,
  processors = 8,
  further = 40
}: Wanted = {}): { data: ReportData; block: Uint8Array } {
  const random = randomFrom(21)
  const names = Array.from({ length: members }, (_, index) =>
    members > 8 ? `rack${1 + (index >> 4)}-n${String(index).padStart(2, '0')}` : `n${index + 1}`
  )
  const each = AROUND + work + AROUND + SEND
  const took = BEFORE + iterations.length * samples * each + 4
  const steps = iterations.flatMap((_, iteration) =>
    Array.from({ length: samples }, (_, sample) => ({ iteration, sample: sample + 1 }))
  )
  const windows: ReportData['windows'] = steps.map(({ iteration, sample }, index) => {
    const from = BEFORE + index * each + AROUND
    return { kind: 'work', label: `sample ${sample}`, iteration, sample, from, to: from + work }
  })
  const first = windows[0]
  if (first != null) windows.push({ kind: 'period', label: 'ramp', from: first.from, to: first.from + work / 4 })
  const block = new Block()
  const series: ReportData['series'] = { tools: [], metrics: [], labels: [], units: [], rows: [] }
  const axes: ReportData['axes'] = []
  const count = Math.floor((took - 8) / interval)
  const times = names.map((_, member) => {
    const t = Float64Array.from({ length: count }, (_, index) => 4 + index * interval + 0.013 * member)
    axes.push({ offset: block.times(t), length: count })
    return t
  })
  const load = names.map((_, member) => (member === 1 ? 1.25 : 0.8 + 0.3 * random()))
  /** Between 0 and 1: how much the run works at a time. */
  const activity = (member: number, t: number) => {
    const window = windows.find(({ kind, from, to }) => kind === 'work' && t >= from && t <= to)
    if (window == null) return 0.04
    const ramp = Math.min(1, (t - window.from) / 2, (window.to - t) / 0.7 + 0.2)
    return 0.04 + 0.9 * ramp * (window.iteration === 0 ? 0.62 : 0.45) * (load[member] as number)
  }
  const add = (
    member: number,
    tool: string,
    metric: string,
    labels: string,
    unit: string,
    value: (level: number, t: number, index: number) => number
  ) => {
    const t = times[member] as Float64Array
    const v = Float32Array.from(t, (at, index) => value(activity(member, at), at, index))
    const place = (list: string[], text: string) => (list.includes(text) ? list.indexOf(text) : list.push(text) - 1)
    const words = [
      place(series.tools, tool),
      place(series.metrics, metric),
      place(series.labels, labels),
      place(series.units, unit)
    ] as const
    return series.rows.push([member, ...words, member, block.values(v), v.length]) - 1
  }
  const noise = (width: number) => 1 + width * (random() - 0.5)
  const panel = (
    head: Omit<Panel, 'cells'>,
    cell: (member: number) => Omit<PanelCell, 'member'> | undefined
  ): Panel => ({
    ...head,
    cells: names.flatMap((_, member) => {
      const made = cell(member)
      return made == null ? [] : [{ member, ...made }]
    })
  })
  const one =
    (
      tool: string,
      metrics: string[],
      labels: string,
      unit: string,
      value: (part: number, level: number, member: number) => number
    ) =>
    (member: number) => ({
      series: metrics.map((metric, part) =>
        add(member, tool, metric, labels, unit, level => value(part, level, member))
      )
    })
  const modes = ['user', 'system', 'iowait', 'irq', 'steal']
  const shares = [48, 22, 24, 3, 0.5]
  const panels: Panel[] = [
    panel(
      { id: 'cpu', title: 'CPU', unit: '%', first: true, style: 'stack', parts: modes, full: 100, rank: 'mean' },
      one(
        'proc',
        modes.map(mode => `cpu.${mode}`),
        'cpu=all',
        '%',
        (part, level) => (shares[part] as number) * level * noise(0.2)
      )
    ),
    panel(
      {
        id: 'queue',
        title: 'Run queue',
        unit: '',
        first: true,
        style: 'lines',
        parts: ['running', 'blocked'],
        rank: 'max'
      },
      one('proc', ['run.running', 'run.blocked'], '', '', (part, level) =>
        Math.round((part === 0 ? 18 : 7) * level * noise(0.9))
      )
    ),
    panel(
      { id: 'memory', title: 'Memory', unit: 'B', first: true, style: 'lines', parts: ['used'], rank: 'max' },
      one('proc', ['memory.used'], '', 'B', (_, level, member) => (6 + member * 0.4 + 9 * level) * 2 ** 30)
    ),
    panel(
      {
        id: 'disk',
        title: 'Disk latency',
        unit: 'ms',
        first: true,
        style: 'lines',
        parts: ['read', 'write'],
        rank: 'mean'
      },
      member => ({
        ...one(
          'disk',
          ['disk.read.await', 'disk.write.await'],
          'device=nvme0n1',
          'ms',
          (part, level) => (part === 0 ? 0.3 : 0.7) * (0.4 + 2 * level * (member === 1 ? 2.2 : 1)) * noise(0.5)
        )(member),
        note: 'nvme0n1'
      })
    ),
    panel(
      {
        id: 'throughput',
        title: 'Disk throughput',
        unit: 'B/s',
        first: true,
        style: 'lines',
        parts: ['read', 'write'],
        rank: 'mean'
      },
      member => ({
        ...one(
          'disk',
          ['disk.read.bytes', 'disk.write.bytes'],
          'device=nvme0n1',
          'B/s',
          (part, level) => (part === 0 ? 420 : 180) * 2 ** 20 * level * noise(0.2)
        )(member),
        note: 'nvme0n1'
      })
    ),
    panel(
      {
        id: 'util',
        title: 'Disk utilization',
        unit: '%',
        first: true,
        style: 'lines',
        parts: ['busy'],
        full: 100,
        rank: 'mean'
      },
      member => ({
        ...one('disk', ['disk.util'], 'device=nvme0n1', '%', (_, level) => Math.min(100, 130 * level * noise(0.1)))(
          member
        ),
        note: 'nvme0n1'
      })
    ),
    panel(
      { id: 'network', title: 'Network', unit: 'B/s', first: true, style: 'lines', parts: ['rx', 'tx'], rank: 'mean' },
      member =>
        member === 2 && members === 3
          ? undefined
          : one(
              'proc',
              ['net.rx.bytes', 'net.tx.bytes'],
              'interface=eth0',
              'B/s',
              (part, level) => (part === 0 ? 2.1e6 : 4.5e6) * level * noise(0.4)
            )(member)
    ),
    panel(
      {
        id: 'pressure',
        title: 'Pressure',
        unit: '%',
        first: false,
        style: 'lines',
        parts: ['cpu some', 'io some', 'io full'],
        full: 100,
        rank: 'mean'
      },
      one(
        'proc',
        ['pressure.cpu.some', 'pressure.io.some', 'pressure.io.full'],
        '',
        '%',
        (part, level) => ([30, 60, 20][part] as number) * level * noise(0.3)
      )
    ),
    panel(
      {
        id: 'interrupts',
        title: 'Interrupts',
        unit: '/s',
        first: false,
        style: 'lines',
        parts: ['interrupts', 'context switches'],
        rank: 'mean'
      },
      one(
        'proc',
        ['interrupts', 'context.switches'],
        '',
        '/s',
        (part, level) => (part === 0 ? 32_000 : 74_000) * level * noise(0.2)
      )
    ),
    panel(
      { id: 'clock', title: 'Clock offset', unit: 'ms', first: false, style: 'lines', parts: ['offset'], rank: 'max' },
      one('clock', ['clock.offset'], '', 'ms', (_, __, member) => (member - 1) * 0.4 * noise(0.2))
    ),
    panel(
      {
        id: 'processors',
        title: 'Processors',
        unit: '%',
        first: false,
        style: 'heat',
        parts: [],
        full: 100,
        rank: 'mean'
      },
      member => {
        const all = Array.from({ length: processors }, (_, cpu) => cpu)
        return {
          series: all.map(cpu =>
            add(member, 'proc', 'cpu.busy', `cpu=${cpu}`, '%', (level, t) =>
              Math.min(100, 100 * level * (cpu % 3 === Math.floor(t / 11) % 3 ? 1.6 : 0.7) * noise(0.4))
            )
          ),
          names: all.map(cpu => `cpu ${cpu}`)
        }
      }
    )
  ]
  for (const member of names.keys()) {
    for (let index = 0; index < further; index++) {
      add(
        member,
        'interrupts',
        'interrupt.rate',
        `cpu=${index % processors}, irq=${100 + index}`,
        '/s',
        level => 900 * level * noise(0.8) * (1 + (index % 7))
      )
    }
  }
  const flames: FlameText[] = names.slice(0, 3).map((_, member) => ({
    member,
    title: 'cycles, sample 1',
    unit: 'samples',
    ...block.text(makeStacks(21 + member))
  }))
  const iterationsOf = iterations.map((name, index) => ({ number: index + 1, name }))
  return {
    data: {
      format: 1,
      head: {
        ...{
          run: '0192f3c4-7a60-7cc3-a8d1-5b1f0a3c9e21',
          name: 'fio-randread',
          verdict: 'ok',
          status: 0,
          partial: false
        },
        ...{ ran: 'fio --name=job --rw=randrw --bs={bs} --iodepth=32 --runtime=20 --output-format=json+' },
        ...{
          size: `${several(iterations.length, 'iteration')}, ${several(samples, 'sample')} each, on ${several(members, 'member')}`
        },
        ...{ controller: names[0] as string, begun: Date.UTC(2026, 10, 30, 22, 14, 5), took, program: '0.1.0' },
        cost: 'Observed at 0.62 % of a core, 41 KiB and 212 context switches a second on n2, the costliest member.'
      },
      missing: [],
      members: names.map(name => ({ name, about: `${processors} cpus, 32 GiB, Linux 6.18.0, x86_64` })),
      ...{ iterations: iterationsOf, windows, phases: phasesOf(names.length, steps, each, work, took, random) },
      metrics: metricsOf(steps, iterations.length, random),
      ...{ panels, series, axes, ...block.parts(), flames },
      tables: [
        {
          title: 'Members',
          head: ['Member', 'Kernel', 'Cpus', 'Memory', 'Clock'],
          rows: names.map(name => [name, '6.18.0', processors, '32 GiB', '+0.4 ms ± 0.1'])
        },
        { title: 'Warnings', head: ['Member', 'Warning'], rows: [] }
      ]
    },
    block: block.bytes()
  }
}

function phasesOf(
  members: number,
  steps: Array<{ sample: number }>,
  each: number,
  work: number,
  took: number,
  random: () => number
): ReportData['phases'] {
  const phases: ReportData['phases'] = []
  for (let member = 0; member < members; member++) {
    let at = 0
    const span = (phase: string, lasts: number, label?: string) => {
      phases.push({ member, phase, from: at, to: at + lasts, outcome: 'ok', label })
      at += lasts
    }
    span('join', 0.4 + 0.4 * random())
    at = 1.2
    span('stage', 1 + random())
    at = 3
    span('sysinfo', 3 + 1.5 * random())
    at = 8
    span('init', 0.5)
    for (const [index, { sample }] of steps.entries()) {
      at = BEFORE + index * each + 0.2
      span('start', 1.6 + 0.6 * random(), `start, sample ${sample}`)
      at = BEFORE + index * each + AROUND
      span('work', work - 0.2 * random(), `work, sample ${sample}`)
      at = BEFORE + index * each + AROUND + work
      span('stop', 0.8 + random(), `stop, sample ${sample}`)
      span('send', 1 + 1.5 * random(), `send, sample ${sample}`)
    }
    at = took - 3.8
    span('end', 2 + random())
    at = took - 0.6
    span('terminate', 0.5)
  }
  return phases
}

function metricsOf(
  steps: Array<{ iteration: number; sample: number }>,
  iterations: number,
  random: () => number
): MetricSummary[] {
  const kinds = [
    { metric: 'fio.read.iops', unit: '/s', better: 'more', at: [182_000, 41_000], width: 0.05 },
    { metric: 'fio.read.bw', unit: 'B/s', better: 'more', at: [712 * 2 ** 20, 2560 * 2 ** 20], width: 0.05 },
    { metric: 'fio.read.clat.p99', unit: 'ms', better: 'less', at: [0.61, 2.4], width: 0.18 }
  ] as const
  return Array.from({ length: iterations }, (_, iteration) => iteration).flatMap(iteration =>
    kinds.map(({ metric, unit, better, at, width }) => {
      const samples = steps
        .filter(step => step.iteration === iteration)
        .map(({ sample }) => ({ sample, value: (at[iteration % 2] as number) * (1 + width * (random() - 0.5)) }))
      const sorted = samples.map(({ value }) => value).sort((a, b) => a - b)
      const quantile = (share: number) => {
        const place = share * (sorted.length - 1)
        const below = sorted[Math.floor(place)] as number
        return below + ((sorted[Math.ceil(place)] as number) - below) * (place - Math.floor(place))
      }
      const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
      const deviation = Math.sqrt(
        sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, sorted.length - 1)
      )
      return {
        iteration,
        metric,
        unit,
        better,
        median: quantile(0.5),
        iqr: quantile(0.75) - quantile(0.25),
        cv: deviation / mean,
        samples
      }
    })
  )
}

const several = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

/** Folded stacks of a program that reads, and of the kernel below it. */
export function makeStacks(seed: number, slower = 1): string {
  const random = randomFrom(seed)
  const tops = ['fio;thread_main;do_io', 'fio;thread_main;reap_threads', 'kworker;worker_thread;process_one_work']
  const calls = [
    '__x64_sys_pread64',
    'vfs_read',
    'ext4_file_read_iter',
    'filemap_read',
    'copy_page_to_iter',
    'blk_mq_submit_bio',
    'nvme_queue_rq',
    '_raw_spin_lock_irqsave',
    'memcpy_orig',
    'get_io_u'
  ]
  const lines: string[] = []
  for (let index = 0; index < 240; index++) {
    const top = tops[Math.floor(random() ** 3 * tops.length)]
    const depth = 2 + Math.floor(random() * 9)
    let at = Math.floor(random() * 3)
    const frames = Array.from({ length: depth }, () => {
      at += Math.floor(random() * 2.2)
      return calls[Math.min(calls.length - 1, at)]
    })
    const weight = 1 + Math.floor(random() ** 3 * 400)
    lines.push(
      `${top};${frames.join(';')} ${frames.includes('copy_page_to_iter') ? Math.round(weight * slower) : weight}`
    )
  }
  return lines.join('\n')
}

/** The block of numbers, as it grows. */
class Block {
  readonly #times: Float64Array[] = []
  readonly #values: Float32Array[] = []
  readonly #texts: Uint8Array[] = []
  readonly #sizes = { float64: 0, float32: 0, text: 0 }

  times(t: Float64Array): number {
    this.#times.push(t)
    return grow(this.#sizes, 'float64', t.length)
  }

  values(v: Float32Array): number {
    this.#values.push(v)
    return grow(this.#sizes, 'float32', v.length)
  }

  text(text: string): { offset: number; length: number } {
    const bytes = Buffer.from(text)
    this.#texts.push(bytes)
    return { offset: grow(this.#sizes, 'text', bytes.length), length: bytes.length }
  }

  parts(): Pick<ReportData, 'block'> {
    return { block: { ...this.#sizes } }
  }

  bytes(): Uint8Array {
    const all = [...this.#times, ...this.#values, ...this.#texts]
    return Buffer.concat(all.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))
  }
}

function grow(sizes: Record<string, number>, part: string, by: number): number {
  const before = sizes[part] as number
  sizes[part] = before + by
  return before
}
