/** Goes through the series of a result, of those files and metrics that are asked for, in bounded memory. */
import { asBakError, BakError } from '../../protocols/errors.ts'
import { globOf } from '../../protocols/glob.ts'
import { tasksFileOf } from '../../protocols/layout.ts'
import type { Step } from '../../protocols/phase.ts'
import { openSeries, type Points, type SeriesFile } from '../../protocols/series/read-series.ts'
import type { SeriesInfo } from '../../protocols/series/series-file.ts'
import type { Unread } from './measure.ts'
import { isSampleOf, type Result } from './open-result.ts'
import { taskSeries } from './task-series.ts'

/** Points that are read at once, unless one series has more: 16 bytes each. */
const BATCH_POINTS = 250_000

/** As flags have it: patterns with `*`. */
export interface Wanted {
  metric?: string
  tool?: string
  /** Names with commas. */
  member?: string
  sample?: string
}

/** One series of one member in one sample; of a persistent tool there is no sample, of what all members did together no member. */
export interface SeriesOf {
  step?: Step
  member: string
  series: SeriesInfo
}
export interface SeriesRows extends SeriesOf {
  points: Points
}

interface Files {
  step?: Step
  member: string
  path: string
}

/** Which files are read, and which series of each. */
export class SeriesChoice {
  readonly #files: Files[]
  readonly #tasks: () => AsyncGenerator<SeriesRows>
  readonly unread: Unread[] = []
  readonly #fits: (series: SeriesInfo) => boolean

  /** @throws {BakError} `usage` for a member that is not in the result */
  constructor(result: Result, { metric = '**', tool = '**', member, sample = '**' }: Wanted) {
    const [ofMetric, ofTool, ofSample] = [metric, tool, sample].map(globOf) as [Fits, Fits, Fits]
    const members = membersOf(result, member)
    const isWanted = (name: string) => members.includes(name)
    const files = (step: Step | undefined, series: Map<string, string>): Files[] =>
      [...series].flatMap(([name, path]) =>
        isWanted(name) ? [{ ...(step == null ? {} : { step }), member: name, path }] : []
      )
    this.#files = [
      ...result.samples.flatMap(({ step, series }) => (isSampleOf(step, ofSample) ? files(step, series) : [])),
      ...(sample === '**' ? [result.persistent, ...result.collected].flatMap(each => files(undefined, each)) : [])
    ]
    this.#fits = each => ofMetric(each.metric) && ofTool(each.tool)
    const steps = result.samples.map(({ step }) => step).filter(step => isSampleOf(step, ofSample))
    // of all members together only where nobody is named
    this.#tasks = () => this.#tasksOf(result.folder, steps, name => (name === '' ? member == null : isWanted(name)))
  }

  /** What is in the files, without its points. A file that cannot be read is named in `unread` and left out. */
  async *index(): AsyncGenerator<SeriesOf> {
    for (const { path, ...of } of this.#files) {
      const series = await this.#with(path, of.member, async file => file.series.filter(this.#fits))
      for (const each of series ?? []) yield { ...of, series: each }
    }
    for await (const { points: _, ...each } of this.#tasks()) yield each
  }

  /** @param more which of them; all, where it is left out */
  async *rows(more: (series: SeriesInfo) => boolean = () => true): AsyncGenerator<SeriesRows> {
    for (const { path, ...of } of this.#files) {
      let file: SeriesFile | undefined
      try {
        file = await openSeries(path)
        for (const batch of batchesOf(file.series.filter(each => this.#fits(each) && more(each)))) {
          const points = await file.points(batch)
          for (const [i, series] of batch.entries()) yield { ...of, series, points: points[i] as Points }
        }
      } catch (error) {
        this.#name(of.member, path, error)
      } finally {
        await file?.close()
      }
    }
    for await (const each of this.#tasks()) if (more(each.series)) yield each
  }

  async *#tasksOf(folder: string, steps: Step[], isWanted: Fits): AsyncGenerator<SeriesRows> {
    for (const step of steps) {
      try {
        const all = await taskSeries(folder, step, isWanted)
        yield* all.filter(({ series }) => this.#fits(series))
      } catch (error) {
        this.#name('tasks', tasksFileOf(step), error)
      }
    }
  }

  async #with<T>(path: string, member: string, use: (file: SeriesFile) => Promise<T>): Promise<T | undefined> {
    try {
      const file = await openSeries(path)
      return await use(file).finally(() => file.close())
    } catch (error) {
      this.#name(member, path, error)
      return undefined
    }
  }

  /** Once for each file. @throws what is no fault of the file */
  #name(member: string, path: string, error: unknown): void {
    const { code, message } = asBakError(error)
    if (code !== 'damaged' && code !== 'io') throw error
    if (!this.unread.some(each => each.path === path)) this.unread.push({ member, path, reason: message })
  }
}

type Fits = (text: string) => boolean

/** @throws {BakError} `usage` for a member that is not in the result */
export function membersOf({ record, run }: Result, named?: string): string[] {
  const all = record.roster.map(({ name }) => name)
  if (named == null) return all
  const wanted = named.split(',')
  const unknown = wanted.filter(name => !all.includes(name))
  if (unknown.length > 0)
    throw new BakError('usage', `${unknown.join(', ')}: not in ${run}, which has ${all.join(', ')}`)
  return wanted
}

function* batchesOf(series: SeriesInfo[]): Generator<SeriesInfo[]> {
  let batch: SeriesInfo[] = []
  let points = 0
  for (const each of series) {
    if (batch.length > 0 && points + each.count > BATCH_POINTS) {
      yield batch
      batch = []
      points = 0
    }
    batch.push(each)
    points += each.count
  }
  if (batch.length > 0) yield batch
}
