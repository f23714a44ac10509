/** Tools that are programs which print one sample and end: the daemon runs them at each interval. */
import type { Availability } from '../../../protocols/hello.ts'
import { findProgram } from '../find-program.ts'
import { filesOfProgram, notFound } from '../program-tool.ts'
import { intervalOf, intervalSetting, settingsOf } from '../settings-of.ts'
import { sizeSetting } from '../size-setting.ts'
import { type Needs, type Setting, type Tool, type ToolFile, unusable } from '../tool.ts'
import { type Repeated, repeatCommand } from './repeated-command.ts'

type Values = Record<string, unknown>

interface RepeatedTool {
  name: string
  summary: string
  needs: Needs & { program: string }
  /** Beside the interval and the size. */
  settings?: Setting[]
  /** MiB that it may write if nothing else is said. */
  size: number
  /** Why it takes no words. */
  noWords: string
  files?: ToolFile[]
  /** @returns why it cannot work here, found out without a program */
  whyNever?(): string | undefined
  /** Tries it. @param path of its program */
  tryOut(path: string, values: Values): Promise<Pick<Availability, 'version' | 'reason'> | { why: string }>
  /** Seconds that one sample takes. */
  least?: number
  /** What one sample runs, and what else there is to say of it. */
  sample(values: Values): Pick<Repeated, 'commands' | 'nothing'> | Promise<Pick<Repeated, 'commands' | 'nothing'>>
}

export function repeatedTool(init: RepeatedTool): Tool {
  const { name, summary, needs, settings = [], size, noWords, least = 0 } = init
  const tool: Tool = {
    ...{ name, summary, needs, noWords, lifetime: 'transient', stop: 'the daemon starts no further sample' },
    settings: [intervalSetting, ...settings, sizeSetting(size)],
    files: init.files ?? filesOfProgram(name).slice(0, 2),
    async check(options, { isQuick = false } = {}) {
      const path = await findProgram(needs.program)
      if (path == null)
        return unusable(name, `${needs.program === name ? '' : `${needs.program} is `}${notFound(needs)}`)
      const never = init.whyNever?.()
      if (never != null) return unusable(name, never)
      if (isQuick) return { tool: name, usable: true }
      const tried = await init.tryOut(path, settingsOf(tool, options).values)
      return 'why' in tried ? unusable(name, tried.why) : { tool: name, usable: true, ...tried }
    },
    async start(context) {
      const { values } = settingsOf(tool, context.options)
      const wanted = intervalOf(values, context)
      const interval = Math.max(least, wanted)
      const remarks =
        interval === wanted ? [] : [`sampled every ${interval} s, because ${name} needs that long for one sample`]
      return repeatCommand(
        { name, interval, size: values.size as number, remarks, ...(await init.sample(values)) },
        context
      )
    }
  }
  return tool
}
