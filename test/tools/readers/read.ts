/** Reads a text, or a recorded output of a tool, by the reader of its file, into series by name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rateOf } from '../../../node/series/counter.ts'
import type { FileAbout, SeriesReader, Sink } from '../../../node/series/reader.ts'
import { readers } from '../../../node/tools/readers/index.ts'

const RECORDED = fileURLToPath(new URL('../../golden/outputs/tools', import.meta.url))

export interface Series {
  unit: string
  t: number[]
  v: number[]
}

export interface Found {
  /** By `metric{label=value,...}`, of which labels are in the order of their names. */
  series: Map<string, Series>
  /** `FILE:LINE why`. */
  bad: string[]
  /** @throws if there is no such series @returns its values, rounded to so many digits after the point */
  values(name: string, digits?: number): number[]
  /** @throws if there is no such series */
  times(name: string): number[]
  names(part?: string): string[]
}

const noneYet = (): Found => {
  const series: Found['series'] = new Map()
  const one = (name: string) => {
    const found = series.get(name)
    if (found == null) throw new Error(`no series ${name}; there are ${[...series.keys()].join(' ')}`)
    return found
  }
  return {
    ...{ series, bad: [] },
    values: (name, digits = 3) => one(name).v.map(each => Number(each.toFixed(digits))),
    times: name => one(name).t,
    names: (part = '') => [...series.keys()].filter(name => name.includes(part))
  }
}

/** @param tool of the reader @param file in its folder */
export function readText(tool: string, file: string, text: string, about: Partial<FileAbout> = {}): Found {
  const found = noneYet()
  readInto(found, tool, file, text, about)
  return found
}

/** The same by a reader that is of no tool. */
export function readBy(reader: SeriesReader, file: string, text: string, about: Partial<FileAbout> = {}): Found {
  const found = noneYet()
  readInto(found, 'work', file, text, about, reader)
  return found
}

/** @param name of a folder of recorded outputs: all files of it that a reader of the tool is for */
export function readRecorded(name: string): Found & { about: FileAbout } {
  const folder = join(RECORDED, name)
  const { tool, options, interval, began } = JSON.parse(readFileSync(join(folder, 'about.json'), 'utf8'))
  const found = noneYet()
  for (const file of readdirSync(folder).sort()) {
    // what is binary is kept as the text that its reader reads
    const path = existsSync(join(folder, `${file}.txt`)) ? join(folder, `${file}.txt`) : join(folder, file)
    if (readerFor(tool, file) == null && readerFor(tool, file.replace(/\.txt$/, '')) == null) continue
    readInto(found, tool, file, readFileSync(path, 'utf8'), { options, interval, began })
  }
  return { ...found, about: { tool, file: '', options, interval, began } }
}

export const recordedText = (name: string, file: string) => readFileSync(join(RECORDED, name, file), 'utf8')

function readerFor(tool: string, file: string): SeriesReader | undefined {
  return readers[tool]?.find(({ files }) =>
    files.some(each => (typeof each === 'string' ? each === file : each.test(file)))
  )
}

function readInto(
  found: Found,
  tool: string,
  file: string,
  text: string,
  about: Partial<FileAbout>,
  reader = readerFor(tool, file) ?? readerFor(tool, file.replace(/\.txt$/, ''))
): void {
  if (reader == null) throw new Error(`no reader of ${tool} reads ${file}`)
  let number = 0
  const sink: Sink = {
    gauge: (metric, labels, unit) => putInto(found, metric, labels, unit),
    counter(metric, labels, unit, options) {
      const put = putInto(found, metric, labels, unit)
      const next = rateOf(options)
      return (t, value) => {
        const rate = Number.isFinite(value) ? next(t, value) : undefined
        if (rate != null) put(t, rate)
      }
    },
    bad: why => void found.bad.push(`${file}:${number} ${why}`)
  }
  const whole: FileAbout = { tool, file, options: {}, interval: 1, began: 0, processors: 2, ...about }
  const lines = text.split('\n')
  const last = lines.pop() as string
  const opened = reader.open(whole, sink)
  for (const line of lines) {
    number++
    opened.line(line, number)
  }
  number++
  if (last !== '') {
    if (opened.cut == null) sink.bad('is cut off')
    else opened.cut(last, number)
  }
  opened.end?.()
}

function putInto({ series }: Found, metric: string, labels: Readonly<Record<string, string>>, unit: string) {
  const shown = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
  const name = shown.length === 0 ? metric : `${metric}{${shown.join(',')}}`
  let one = series.get(name)
  if (one == null) {
    one = { unit, t: [], v: [] }
    series.set(name, one)
  }
  if (one.unit !== unit) throw new Error(`${name} is in ${one.unit} and in ${unit}`)
  const { t, v } = one
  return (at: number, value: number) => {
    if (!Number.isFinite(value) || !Number.isFinite(at)) return
    if (at <= (t.at(-1) ?? Number.NEGATIVE_INFINITY)) throw new Error(`${name}: ${at} does not come after ${t.at(-1)}`)
    t.push(at)
    v.push(value)
  }
}
