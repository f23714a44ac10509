/** Which series of a member each panel draws. Pure. */
import { type SeriesInfo, seriesKey } from '../../protocols/series/series-file.ts'
import { busiestDevice, chooseSeries, preferredTool, resources } from '../result/resources.ts'
import { isOf, PANELS, type PanelSpec } from './panel-table.ts'

/** Rows of a heat map of one member; of more processors the rest is found by the filter. */
const MAX_HEAT = 512

/** One line of a cell, made of the values of one series or of several. */
export interface CellPart {
  /** Their keys in the index of the member. */
  keys: string[]
  /** What their sum becomes; left out where the line is the series itself. */
  of?: ((sum: number) => number) | undefined
  info: SeriesInfo
  /** What it is called where it is a row of a heat map. */
  name?: string | undefined
}

export interface ChosenCell {
  panel: PanelSpec
  note?: string | undefined
  /** As the parts of the panel; nothing where it is not measured. Of a heat map a part each processor. */
  parts: Array<CellPart | undefined>
}

/** @param series of one member, of all its samples; a series of several samples once */
export function chooseCells(series: SeriesInfo[]): ChosenCell[] {
  const device = busiestDevice(series)
  return PANELS.flatMap(panel => {
    const known = chooseSeries(resources[panel.resource], series, device)?.tool
    const fitting = series.filter(each => isOf(panel, each, device))
    const chosen = panel.of === 'processors' ? processors(panel, fitting, known) : lines(panel, fitting, known)
    if (chosen.parts.every(each => each == null)) return []
    return [{ panel, note: chosen.note ?? (panel.of === 'device' ? device : undefined), parts: chosen.parts }]
  })
}

interface Chosen {
  parts: Array<CellPart | undefined>
  note?: string
}

/** All parts of a cell are of one tool, so that they are of the same times. @param known the tool of its resource */
function lines({ parts }: PanelSpec, fitting: SeriesInfo[], known?: string): Chosen {
  const metrics = parts.map(({ from }) => from.map(({ metric }) => metric))
  const tool = toolOf(metrics, fitting, known)
  const own = fitting.filter(each => each.tool === tool)
  const interfaces = [...new Set(own.flatMap(({ labels }) => labels.interface ?? []))]
  const note =
    interfaces.length > 1 ? { note: `${interfaces.length} interfaces` } : interfaces[0] && { note: interfaces[0] }
  return { parts: metrics.map(names => partOf(names, own)), ...(note || {}) }
}

function partOf(names: string[], own: SeriesInfo[]): CellPart | undefined {
  const name = names.find(each => own.some(({ metric }) => metric === each))
  const all = own.filter(({ metric }) => metric === name)
  const whole = all.filter(({ labels }) => labels.cpu === 'all' || Object.keys(labels).length === 0)
  const found = whole.length > 0 ? whole : all
  const [first] = found
  if (first == null) return undefined
  if (found.length === 1) return { keys: [seriesKey(first)], info: first }
  const labels = Object.fromEntries(Object.keys(first.labels).map(key => [key, `${found.length} together`]))
  return { keys: found.map(seriesKey), of: sum => sum, info: { ...first, labels } }
}

/** A row a processor, in the order of their numbers. */
function processors({ parts }: PanelSpec, fitting: SeriesInfo[], known?: string): Chosen {
  const sources = parts[0]?.from ?? []
  const tool = toolOf(
    sources.map(({ metric }) => [metric]),
    fitting,
    known
  )
  const own = fitting.filter(each => each.tool === tool)
  const source = sources.find(({ metric }) => own.some(each => each.metric === metric))
  const found = own.filter(({ metric }) => metric === source?.metric)
  const sorted = found.sort((a, b) => Number(a.labels.cpu) - Number(b.labels.cpu)).slice(0, MAX_HEAT)
  return {
    parts: sorted.map(info => ({
      keys: [seriesKey(info)],
      of: source?.of,
      info: source?.of == null ? info : { ...info, metric: 'cpu.busy' },
      name: info.labels.cpu
    }))
  }
}

/** @returns the known one if it has any part, or else the one that has most of them */
function toolOf(metrics: string[][], fitting: SeriesInfo[], known?: string): string | undefined {
  if (fitting.some(({ tool, metric }) => tool === known && metrics.flat().includes(metric))) return known
  const byTool = Map.groupBy(fitting, ({ tool }) => tool)
  const counted = [...byTool].map(([tool, own]) => ({
    tool,
    count: metrics.filter(names => own.some(({ metric }) => names.includes(metric))).length
  }))
  const most = Math.max(...counted.map(({ count }) => count))
  return most > 0 ? preferredTool(counted.filter(({ count }) => count === most).map(({ tool }) => tool)) : undefined
}
