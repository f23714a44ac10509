/** Reads what the members used of their resources: one series and one number a member, resource and sample. */
import { asBakError } from '../../protocols/errors.ts'
import { stepFolder } from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { openSeries, type SeriesFile } from '../../protocols/series/read-series.ts'
import type { SeriesInfo } from '../../protocols/series/series-file.ts'
import type { Result } from './open-result.ts'
import { addUp, cutTo, fewerPoints, numberOf, type Weighed, weighed } from './points.ts'
import { busiestDevice, type Choice, chooseSeries, type Resource, type ResourceName, resources } from './resources.ts'
import { type Window, windowsOf } from './windows.ts'

/** What one member used of a resource in one sample. */
export interface Measured extends Weighed {
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

/** Points that are kept of one resource in one file: of a run of 11 days each second. */
const MAX_POINTS = 1_000_000
/** Points that are kept of all samples together, 16 bytes each, and at least of one: a line of a terminal has fewer characters. */
const MAX_KEPT = 20_000_000
const LEAST_KEPT = 64

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
  const samples = result.samples.filter(({ step }) => step.warmup == null)
  const cells = samples.length * names.length * result.record.roster.length
  const most = Math.max(LEAST_KEPT, Math.floor(MAX_KEPT / Math.max(1, cells)))
  for (const { name: member } of result.record.roster) {
    const files = new MemberFiles(member, unread, signal)
    const lasting = result.persistent.get(member)
    const known = new Map<string, SeriesInfo[]>()
    for (const path of [...samples.map(({ series }) => series.get(member)), lasting])
      await files.use(path, async (file, at) =>
        known.set(
          at,
          file.series.filter(({ metric }) => METRICS.has(metric))
        )
      )
    const device = busiestDevice([...known.values()].flat())
    const read = (path?: string) =>
      files.use(path, (file, at) => readResources(file, known.get(at) ?? [], names, device))
    const whole = await read(lasting)
    const found: Measured[] = []
    for (const { step, series } of samples) {
      const own = await read(series.get(member))
      for (const resource of names) {
        const taken = own?.get(resource) ?? within(whole?.get(resource), windows.get(stepFolder(step)))
        if (taken == null || taken.t.length === 0) continue
        const { number } = resources[resource]
        const value = numberOf({ number }, taken.v, taken.w)
        found.push({ resource, member, step, ...taken, ...fewerPoints(taken, most, number), value })
      }
    }
    for (const name of names) measured.push(...found.filter(({ resource }) => resource === name))
  }
  return { measured, unread }
}

type Taken = Pick<Measured, 'tool' | 'device' | 't' | 'v' | 'w'>

/** The files of one member, of which one at a time is open. */
class MemberFiles {
  readonly #member: string
  readonly #unread: Unread[]
  readonly #signal: AbortSignal | undefined

  constructor(member: string, unread: Unread[], signal?: AbortSignal) {
    this.#member = member
    this.#unread = unread
    this.#signal = signal
  }

  /** @returns nothing where there is no such file, where it cannot be read, which is noted once, and where time is up */
  async use<T>(path: string | undefined, run: (file: SeriesFile, path: string) => Promise<T>): Promise<T | undefined> {
    if (path == null || this.#signal?.aborted || this.#unread.some(each => each.path === path)) return undefined
    let file: SeriesFile | undefined
    try {
      file = await openSeries(path)
      return await run(file, path)
    } catch (error) {
      this.#unread.push({ member: this.#member, path, reason: asBakError(error).message })
      return undefined
    } finally {
      await file?.close()
    }
  }
}

async function readResources(file: SeriesFile, series: SeriesInfo[], names: ResourceName[], device?: string) {
  const found = new Map<ResourceName, Taken>()
  for (const name of names) {
    const choice = chooseSeries(resources[name], series, device)
    if (choice == null) continue
    const of = choice.device == null ? {} : { device: choice.device }
    const points = fewerPoints(await readChoice(file, choice), MAX_POINTS, resources[name].number)
    found.set(name, { tool: choice.tool, ...of, ...points })
  }
  return found
}

/** What a persistent tool measured in a sample; nothing where it is not known when that was. */
const within = (taken: Taken | undefined, window: Window | undefined): Taken | undefined =>
  taken == null || window == null ? undefined : { ...taken, ...cutTo(taken, window) }

/** @returns the points of a choice, added up, converted and weighed */
async function readChoice(file: SeriesFile, { series, of, weights }: Choice): Promise<Weighed> {
  const points = addUp(await file.points(series), of)
  const [first] = weights == null ? [] : await file.points([weights])
  return first == null ? points : weighed(points, first)
}
