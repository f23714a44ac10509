/** Tools that read files of the kernel at each interval: the daemon reads them itself, and starts no program. */
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { SettingValue, ToolOptions } from '../../../protocols/tool-options.ts'
import { now } from '../../now.ts'
import { repeat } from '../repeat.ts'
import { intervalOf, intervalSetting, settingsOf } from '../settings-of.ts'
import { MIB, reachedSize, sizeSetting } from '../size-setting.ts'
import type { Needs, RunningTool, Setting, Tool, ToolContext, ToolFile } from '../tool.ts'
import { SampleFile } from './sample-file.ts'

/** Of all that a tool of this kind writes. */
const SIZE_MIB = 1024

/** What is read at each interval, for one file. */
export interface Source {
  /** The file, such as `cpu.csv`. */
  file: string
  /** @returns the names of the columns after `time`; without it the samples are texts behind a line with the time */
  columns?(): string[]
  /** @returns the values after `time` of each row, joined by commas; or the text @throws the error of the file system */
  rows(): string[] | Promise<string[]>
  close?(): void
}

interface SampledTool {
  name: string
  summary: string
  needs?: Needs
  /** Beside the interval and the size. */
  settings?: Setting[]
  files: ToolFile[]
  /** @returns why nothing can be sampled here; or what cannot, where it is `partly` */
  why(values: Record<string, SettingValue>): Promise<string | { partly: string } | undefined>
  /** @throws the error of the file system */
  open(values: Record<string, SettingValue>, context: ToolContext): Source[] | Promise<Source[]>
  /** @returns what is odd from the start */
  remarks?(values: Record<string, SettingValue>): string[]
}

export function sampledTool(init: SampledTool): Tool {
  const { name, summary, needs = {}, settings = [], files, why, open, remarks } = init
  const tool: Tool = {
    ...{ name, summary, needs, files, lifetime: 'transient', stop: 'the daemon takes a last sample' },
    settings: [intervalSetting, ...settings, sizeSetting(SIZE_MIB)],
    noWords: 'it runs no program',
    async check(options: ToolOptions) {
      const found = await why(settingsOf(tool, options).values)
      if (found == null) return { tool: name, usable: true }
      const reason = typeof found === 'string' ? found : found.partly
      return { tool: name, usable: typeof found !== 'string', reason: `${name}: ${reason}` }
    },
    async start(context) {
      const { values } = settingsOf(tool, context.options)
      const interval = intervalOf(values, context)
      const sources = await open(values, context)
      if (sources.length === 0) throw new BakError('tool-unavailable', `${name}: there is nothing to sample here`)
      return sample(sources, {
        ...{ folder: context.folder, interval, remarks: remarks?.(values) ?? [] },
        size: values.size as number
      })
    }
  }
  return tool
}

interface Sampling {
  folder: string
  /** Seconds. */
  interval: number
  /** MiB. */
  size: number
  remarks: string[]
}

function sample(sources: Source[], { folder, interval, size, remarks }: Sampling): RunningTool {
  const budget = { left: size * MIB }
  let fullAfter: number | undefined
  const sampled = sources.map(source => ({
    ...{ source, file: new SampleFile(folder, source.file, budget) },
    ...{ isBusy: false, late: 0 }
  }))
  const began = now()
  const take = async (each: (typeof sampled)[number], time: string) => {
    const { source, file } = each
    if (each.isBusy) {
      each.late++
      return
    }
    try {
      let rows = source.rows()
      if (rows instanceof Promise) {
        each.isBusy = true
        rows = await rows
      }
      if (source.columns == null) file.add(`# time ${time}\n${rows.join('\n')}\n`)
      else if (rows.length > 0)
        file.add(rows.map(row => `${time},${row}\n`).join(''), `time,${source.columns().join(',')}\n`)
    } catch (error) {
      file.fail(error as Error)
    }
    each.isBusy = false
  }
  const all = async () => {
    const time = now()
    if (fullAfter != null) return
    await Promise.all(sampled.map(each => take(each, time.toFixed(1))))
    if (budget.left === 0) fullAfter ??= time - began
  }
  const first = all()
  const timer = repeat(() => void all(), interval * 1000)
  const ready = first.then(() => Promise.all(sampled.map(({ file }) => file.written()))).then(() => {}, throwBakError)
  ready.catch(() => {})
  const stop = async () => {
    const ended = timer.stop()
    if (ended == null) return []
    await all()
    const { missed, due } = ended
    const gap = missed === 0 ? [] : [`${missed} of ${due} samples missed: this daemon did not get to them in time`]
    const late = sampled.flatMap(({ source, late }) =>
      late === 0
        ? []
        : [`${source.file}: ${late} of ${due} samples missed: the one before took longer than ${interval} s`]
    )
    if (fullAfter != null) remarks.push(reachedSize(size, fullAfter))
    for (const { source } of sampled) source.close?.()
    return [...gap, ...late, ...(await Promise.all(sampled.map(({ file }) => file.close()))).flat()]
  }
  return { began, ready, remarks, stop }
}

function throwBakError(error: unknown): never {
  throw asBakError(error)
}
