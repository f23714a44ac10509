/** Reads what the members used of their resources: one series and one number a member, resource and sample. */
import { asBakError } from '../../protocols/errors.ts'
import { stepFolder } from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { openSeries, type Points, type SeriesFile } from '../../protocols/series/read-series.ts'
import type { SeriesInfo } from '../../protocols/series/series-file.ts'
import type { Result } from './open-result.ts'
import { addUp, cutTo, numberOf } from './points.ts'
import { busiestDevice, type Choice, chooseSeries, type Resource, type ResourceName, resources } from './resources.ts'
import { type Window, windowsOf } from './windows.ts'

/** What one member used of a resource in one sample. */
export interface Measured extends Points {
  resource: ResourceName
  member: string
  step: Step
  tool: string
  /** The device that it is of, of what is measured by device: the one that was busiest in all samples of the member together. */
  device?: string
  /** The number of the sample: its mean, or its maximum. */
  value: number
}

/** A file that cannot be read. */
export interface Unread {
  member: string
  path: string
  reason: string
}

export interface Measurements {
  /** By member, then by resource, then by sample. Warm-ups are left out. */
  measured: Measured[]
  unread: Unread[]
}

interface Opened {
  file: SeriesFile
  /** Those that a resource may be made of. */
  series: SeriesInfo[]
}

const METRICS = new Set(
  Object.values(resources).flatMap(({ from }) => (from as Resource['from']).flatMap(({ metrics }) => metrics))
)

/**
 * @param signal ends it with what has been read until then
 * @returns nothing of a resource that no tool measured on a member
 */
export async function measure(result: Result, names: ResourceName[], signal?: AbortSignal): Promise<Measurements> {
  const measured: Measured[] = []
  const unread: Unread[] = []
  const windows = result.persistent.size === 0 ? new Map<string, Window>() : windowsOf(await result.journal())
  for (const { name: member } of result.record.roster) {
    if (signal?.aborted) break
    const opened = new Map<string, Opened>()
    const open = async (path: string | undefined) => {
      if (path == null || signal?.aborted) return
      try {
        const file = await openSeries(path)
        opened.set(path, { file, series: file.series.filter(({ metric }) => METRICS.has(metric)) })
      } catch (error) {
        unread.push({ member, path, reason: asBakError(error).message })
      }
    }
    try {
      const samples = result.samples.filter(({ step }) => step.warmup == null)
      const lasting = result.persistent.get(member)
      for (const path of [...samples.map(({ series }) => series.get(member)), lasting]) await open(path)
      const device = busiestDevice([...opened.values()].flatMap(({ series }) => series))
      for (const resource of names) {
        for (const { step, series } of samples) {
          const [own, whole] = [series.get(member), lasting].map(path => opened.get(path ?? ''))
          const points =
            (await pointsOf(resources[resource], own, device)) ??
            (await pointsOf(resources[resource], whole, device, windows.get(stepFolder(step))))
          if (points != null) measured.push({ resource, member, step, ...points })
        }
      }
    } catch (error) {
      unread.push({ member, path: result.folder, reason: asBakError(error).message })
    } finally {
      for (const { file } of opened.values()) await file.close()
    }
  }
  return { measured, unread }
}

/** @param window in which the points of a persistent tool are looked for */
async function pointsOf(resource: Resource, opened: Opened | undefined, device?: string, window?: Window) {
  const choice = opened == null ? undefined : chooseSeries(resource, opened.series, device)
  if (opened == null || choice == null) return undefined
  const whole = await readChoice(opened.file, choice)
  const { t, v } = window == null ? whole : cutTo(whole, window)
  if (t.length === 0) return undefined
  return {
    ...{ tool: choice.tool, t, v, value: numberOf(resource, v) },
    ...(choice.device == null ? {} : { device: choice.device })
  }
}

/** @returns the points of a choice, added up and converted */
export async function readChoice(file: SeriesFile, { series, of }: Choice): Promise<Points> {
  return addUp(await file.points(series), of)
}
