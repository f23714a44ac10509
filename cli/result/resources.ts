/**
 * The resources of a machine that are looked at first: of which metrics of which tool each is taken, and how it becomes one number a sample.
 * A resource has one series a member, from one tool.
 */
import type { Better } from '../../protocols/metric.ts'
import type { SeriesInfo } from '../../protocols/series/series-file.ts'

export interface Resource {
  name: string
  unit: string
  /** Where one of two settings is better for using less or more of it. */
  better?: Better
  /** The number of a sample, of all its points. */
  number: 'mean' | 'max'
  /** The metric of which there is one for each point, and by which it counts in the mean: a wait by how many requests waited. */
  weighedBy?: string
  /** The highest value that there can be, if there is one: 100 for %. */
  full?: number
  /** By preference; the first that a tool has. */
  from: Source[]
}

/** The series that are added up. */
interface Source {
  metrics: string[]
  which: (series: SeriesInfo) => boolean
  /** Made of the sum: such as 100 less what is idle. */
  of?: (sum: number, count: number) => number
  /** Of one device only: see `busiestDevice`. */
  device?: true
  /** Only the one with the highest mean. */
  highest?: true
}

/** Who measures a resource on a machine where several tools do: those that the daemon reads itself are the least late. */
const PREFERRED = ['proc', 'mpstat', 'iostat', 'sar', 'vmstat', 'proc-interrupts', 'node-exporter', 'pcp']
/** The metric that says which disk is busiest, from 0 to 100. */
const UTILIZATION = 'disk.util'

const all = () => true
const whole = ({ labels }: SeriesInfo) => (labels.cpu ?? 'all') === 'all'
const single = ({ labels }: SeriesInfo) => labels.cpu != null && labels.cpu !== 'all'
const outside = ({ labels }: SeriesInfo) => labels.interface !== 'lo'
const unlabelled = ({ labels }: SeriesInfo) => Object.keys(labels).length === 0

const ofDevice = (...metrics: string[]): Source[] => [{ metrics, which: all, device: true }]
const plain = (metric: string): Source => ({ metrics: [metric], which: unlabelled })
const mean = (sum: number, count: number) => sum / count

/** In the order in which they are shown. */
export const resources = {
  cpu: {
    ...{ name: 'cpu', unit: '%', better: 'less', number: 'mean', full: 100 },
    from: [
      { metrics: ['cpu.busy'], which: whole },
      { metrics: ['cpu.idle'], which: whole, of: sum => 100 - sum },
      { metrics: ['cpu.busy'], which: single, of: mean },
      { metrics: ['cpu.idle'], which: single, of: (sum, count) => 100 - sum / count }
    ]
  },
  /** Of one thread that is busy all the time the others show nothing. */
  processor: {
    ...{ name: 'busiest processor', unit: '%', better: 'less', number: 'mean', full: 100 },
    from: [{ metrics: ['cpu.busy'], which: single, highest: true }]
  },
  /** What the hypervisor gave to others. */
  steal: {
    ...{ name: 'steal', unit: '%', better: 'less', number: 'mean', full: 100 },
    from: [{ metrics: ['cpu.steal'], which: whole }]
  },
  queue: {
    ...{ name: 'run queue', unit: 'tasks', better: 'less', number: 'max' },
    from: [plain('run.queue'), plain('run.running')]
  },
  memory: { ...{ name: 'memory', unit: 'B', better: 'less', number: 'mean' }, from: [plain('memory.used')] },
  disk: { ...{ name: 'disk', unit: '%', better: 'less', number: 'mean', full: 100 }, from: ofDevice(UTILIZATION) },
  network: {
    ...{ name: 'network', unit: 'B/s', number: 'mean' },
    from: [{ metrics: ['net.rx.bytes', 'net.tx.bytes'], which: outside }]
  },
  diskBytes: {
    ...{ name: 'disk throughput', unit: 'B/s', number: 'mean' },
    from: ofDevice('disk.read.bytes', 'disk.write.bytes')
  },
  diskRequests: {
    ...{ name: 'disk requests', unit: '/s', number: 'mean' },
    from: ofDevice('disk.reads', 'disk.writes')
  },
  readWait: {
    ...{ name: 'disk read wait', unit: 'ms', better: 'less', number: 'mean', weighedBy: 'disk.reads' },
    from: ofDevice('disk.read.await')
  },
  writeWait: {
    ...{ name: 'disk write wait', unit: 'ms', better: 'less', number: 'mean', weighedBy: 'disk.writes' },
    from: ofDevice('disk.write.await')
  },
  blocked: { ...{ name: 'blocked', unit: 'tasks', better: 'less', number: 'max' }, from: [plain('run.blocked')] },
  cpuPressure: {
    ...{ name: 'cpu pressure', unit: '%', better: 'less', number: 'mean', full: 100 },
    from: [plain('pressure.cpu.some')]
  },
  ioPressure: {
    ...{ name: 'io pressure', unit: '%', better: 'less', number: 'mean', full: 100 },
    from: [plain('pressure.io.some')]
  },
  memoryPressure: {
    ...{ name: 'memory pressure', unit: '%', better: 'less', number: 'mean', full: 100 },
    from: [plain('pressure.memory.some')]
  },
  interrupts: { ...{ name: 'interrupts', unit: '/s', better: 'less', number: 'mean' }, from: [plain('interrupts')] },
  switches: {
    ...{ name: 'context switches', unit: '/s', better: 'less', number: 'mean' },
    from: [plain('context.switches')]
  }
} as const satisfies Record<string, Resource>

export type ResourceName = keyof typeof resources

/** What a resource of one member is made of. */
export interface Choice {
  tool: string
  series: SeriesInfo[]
  /** Made of the sum of their values at one time and their number. */
  of: (sum: number, count: number) => number
  device?: string
  /** By which its points are weighed. */
  weights?: SeriesInfo
}

/** @param device that is to be shown; @returns undefined where no tool measured it */
export function chooseSeries(resource: Resource, series: SeriesInfo[], device?: string): Choice | undefined {
  for (const source of resource.from) {
    const { metrics, which, of = sum => sum } = source
    const fitting = series.filter(
      each =>
        metrics.includes(each.metric) &&
        which(each) &&
        (source.device == null || (device != null && each.labels.device === device))
    )
    const byTool = Map.groupBy(fitting, ({ tool }) => tool)
    const tool = preferredTool([...byTool.keys()])
    const chosen = tool == null ? undefined : byTool.get(tool)
    if (tool == null || chosen == null) continue
    const taken = source.highest == null ? chosen : chosen.toSorted((a, b) => b.mean - a.mean).slice(0, 1)
    const weights = series.find(
      each => each.metric === resource.weighedBy && each.tool === tool && each.labels.device === device
    )
    return { tool, series: taken, of, ...(source.device == null ? {} : { device }), ...(weights && { weights }) }
  }
  return undefined
}

/**
 * @param series of one member, of one sample or of several
 * @returns the device with the highest mean utilization; of a disk and its partition, which are as busy, the disk
 */
export function busiestDevice(series: SeriesInfo[]): string | undefined {
  const measured = series.filter(({ metric, labels }) => metric === UTILIZATION && labels.device != null)
  const tool = preferredTool([...new Set(measured.map(each => each.tool))])
  const byDevice = Map.groupBy(
    measured.filter(each => each.tool === tool),
    ({ labels }) => labels.device as string
  )
  const means = [...byDevice].map(([device, each]) => ({ device, mean: meanOf(each) }))
  return means.sort((a, b) => b.mean - a.mean || a.device.length - b.device.length || (a.device < b.device ? -1 : 1))[0]
    ?.device
}

function meanOf(series: SeriesInfo[]): number {
  const points = series.reduce((sum, { count }) => sum + count, 0)
  return points === 0 ? 0 : series.reduce((sum, { mean, count }) => sum + mean * count, 0) / points
}

/** @returns whom to ask where several tools measured the same; one that is on no list comes after all that are, by its name */
export function preferredTool(tools: string[]): string | undefined {
  const place = (tool: string) => (PREFERRED.includes(tool) ? PREFERRED.indexOf(tool) : PREFERRED.length)
  return tools.toSorted((a, b) => place(a) - place(b) || (a < b ? -1 : 1))[0]
}
