/** The plots that a performance engineer looks at first: a row of small multiples each, and of which metrics its parts are taken. */
import type { SeriesInfo } from '../../protocols/series/series-file.ts'
import type { ResourceName } from '../result/resources.ts'
import type { Panel } from './report-data.ts'

/** A line, or a layer of a stack. */
interface PartSpec {
  label: string
  /** The first of which there is a series. */
  from: Source[]
}

interface Source {
  metric: string
  /** Made of a value: what is busy of what is idle. */
  of?: (value: number) => number
}

export interface PanelSpec extends Pick<Panel, 'id' | 'title' | 'unit' | 'first' | 'style' | 'rank' | 'full'> {
  /**
   * Of which series: of the machine as a whole, of it or else of all its processors together, of its busiest device, of all interfaces
   * together, of each processor.
   */
  of: 'machine' | 'together' | 'device' | 'interfaces' | 'processors'
  /** Its tool is the one that this resource is taken from wherever else a run is told. */
  resource: ResourceName
  parts: PartSpec[]
}

const idle = { metric: 'cpu.idle', of: (value: number) => 100 - value }
const part = (label: string, ...metrics: string[]): PartSpec => ({ label, from: metrics.map(metric => ({ metric })) })
const percent = { unit: '%', rank: 'mean', full: 100 } as const
const lines = { style: 'lines', rank: 'mean' } as const

/** In the order in which they are drawn. */
export const PANELS: PanelSpec[] = [
  {
    ...{ id: 'cpu', resource: 'cpu', title: 'CPU by mode', of: 'machine', first: true, style: 'stack', ...percent },
    parts: [
      part('user', 'cpu.user'),
      part('nice', 'cpu.nice'),
      part('system', 'cpu.system'),
      part('irq', 'cpu.irq'),
      part('softirq', 'cpu.softirq'),
      part('iowait', 'cpu.iowait'),
      part('steal', 'cpu.steal')
    ]
  },
  {
    ...{
      id: 'run-queue',
      resource: 'queue',
      title: 'run queue',
      of: 'machine',
      first: true,
      style: 'lines',
      unit: 'tasks',
      rank: 'max'
    },
    parts: [part('running', 'run.queue', 'run.running'), part('blocked', 'run.blocked')]
  },
  {
    ...{ id: 'memory', resource: 'memory', title: 'memory', of: 'machine', first: true, unit: 'B', ...lines },
    parts: [part('used', 'memory.used'), part('cached', 'memory.cached'), part('dirty', 'memory.dirty')]
  },
  {
    ...{
      id: 'disk-util',
      resource: 'disk',
      title: 'disk utilization',
      of: 'device',
      first: true,
      style: 'lines',
      ...percent
    },
    parts: [part('busy', 'disk.util')]
  },
  {
    ...{
      id: 'disk-bytes',
      resource: 'diskBytes',
      title: 'disk throughput',
      of: 'device',
      first: true,
      unit: 'B/s',
      ...lines
    },
    parts: [part('read', 'disk.read.bytes'), part('write', 'disk.write.bytes')]
  },
  {
    ...{
      id: 'disk-await',
      resource: 'readWait',
      title: 'disk latency',
      of: 'device',
      first: true,
      unit: 'ms',
      ...lines
    },
    parts: [part('read', 'disk.read.await'), part('write', 'disk.write.await')]
  },
  {
    ...{ id: 'network', resource: 'network', title: 'network', of: 'interfaces', first: true, unit: 'B/s', ...lines },
    parts: [part('received', 'net.rx.bytes'), part('sent', 'net.tx.bytes')]
  },
  {
    ...{
      id: 'processors',
      resource: 'processor',
      title: 'each processor',
      of: 'processors',
      first: false,
      style: 'heat',
      ...percent
    },
    parts: [{ label: 'busy', from: [{ metric: 'cpu.busy' }, idle] }]
  },
  {
    ...{
      id: 'pressure',
      resource: 'cpuPressure',
      title: 'pressure',
      of: 'machine',
      first: false,
      style: 'lines',
      ...percent
    },
    parts: [part('cpu', 'pressure.cpu.some'), part('io', 'pressure.io.some'), part('memory', 'pressure.memory.some')]
  },
  {
    ...{
      id: 'interrupts',
      resource: 'interrupts',
      title: 'interrupts',
      of: 'together',
      first: false,
      unit: '/s',
      ...lines
    },
    parts: [part('interrupts', 'interrupts')]
  },
  {
    ...{
      id: 'switches',
      resource: 'switches',
      title: 'context switches',
      of: 'together',
      first: false,
      unit: '/s',
      ...lines
    },
    parts: [part('switches', 'context.switches')]
  }
]

/** Whether a series is of what a panel is of. @param device the busiest one */
export function isOf({ of }: Pick<PanelSpec, 'of'>, { labels }: SeriesInfo, device: string | undefined): boolean {
  const { cpu, interface: link } = labels
  if (of === 'device') return device != null && labels.device === device
  if (of === 'interfaces') return link != null && link !== 'lo'
  if (of === 'processors') return cpu != null && cpu !== 'all'
  if (of === 'together') return Object.keys(labels).every(key => key === 'cpu')
  return cpu == null ? Object.keys(labels).length === 0 : cpu === 'all' && Object.keys(labels).length === 1
}
