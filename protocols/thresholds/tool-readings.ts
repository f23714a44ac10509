/** What tools measured in one sample of what thresholds ask for, from the files of series in the folder of a result. A file is its member's. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { asBakError } from '../errors.ts'
import { cutText } from '../fields.ts'
import { SERIES_FILE, seriesFolder } from '../layout.ts'
import type { Step } from '../phase.ts'
import type { SeriesInfo } from '../series/series-file.ts'
import type { Threshold } from './threshold.ts'

/** Series of one member that one threshold can mean. */
const MAX_FITTING = 1_000

/** A series and what it came to in a sample. */
export interface ToolValue {
  /** Of the spec. */
  threshold: number
  member: string
  tool: string
  labels: Record<string, string>
  unit: string
  value: number
}

export interface ToolReadings {
  step: Step
  values: ToolValue[]
  /** Members whose file could not be read, or says too much. */
  unread: Array<{ member: string; reason: string }>
}

/** @param folder of the result @param asked the thresholds, by their places in the spec. @returns what there is; it never throws */
export async function readTools(
  folder: string,
  step: Step,
  members: string[],
  asked: Map<number, Threshold>
): Promise<ToolReadings> {
  const readings: ToolReadings = { step, values: [], unread: [] }
  if (asked.size === 0) return readings
  for (const member of members) {
    const path = join(folder, seriesFolder(step, member), SERIES_FILE)
    if (!existsSync(path)) continue
    try {
      const all = await seriesOf(path)
      for (const [threshold, about] of asked)
        for (const series of fittingIn(all, about)) {
          const { tool, labels, unit } = series
          readings.values.push({ threshold, member, tool, labels, unit, value: series[about.statistic ?? 'mean'] })
        }
    } catch (cause) {
      const reason = cutText(asBakError(cause).message.replace(`${path}: `, ''))
      readings.unread.push({ member, reason: `its file of series ${reason}` })
    }
  }
  return readings
}

/** @throws {BakError} `damaged` */
async function seriesOf(path: string): Promise<SeriesInfo[]> {
  // Parquet is read where it is asked for only
  const { openSeries } = await import('../series/read-series.ts')
  const file = await openSeries(path)
  await file.close()
  return file.series
}

/** @throws {Error} where too many fit */
export function fittingIn(series: SeriesInfo[], { metric, tool, labels }: Threshold): SeriesInfo[] {
  const named = series.filter(each => each.metric === metric && (tool == null || each.tool === tool))
  const fitting =
    labels == null
      ? [...Map.groupBy(named, each => each.tool).values()].flatMap(withoutParts)
      : named.filter(each => Object.entries(labels).every(([key, value]) => each.labels[key] === value))
  if (fitting.length > MAX_FITTING)
    throw new Error(`has ${fitting.length} series ${metric}, and ${MAX_FITTING} are the most: give a tool or labels`)
  return fitting
}

/** Where there is a series of all processors, those of each are its parts. */
function withoutParts(series: SeriesInfo[]): SeriesInfo[] {
  const keys = new Set(series.flatMap(({ labels }) => Object.keys(labels).filter(key => labels[key] === 'all')))
  return series.filter(({ labels }) => [...keys].every(key => labels[key] == null || labels[key] === 'all'))
}
