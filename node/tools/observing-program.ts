/**
 * Tools that are programs with many other uses, often as root: bak starts them with words that observe only. Words that it does not know
 * make it a program that the run brings, with all guards of `[allow]`.
 */
import { type SettingValue, type ToolOptions, wordsOf } from '../../protocols/tool-options.ts'
import { findProgram, versionOf } from './find-program.ts'
import { boundedBy } from './folder-size.ts'
import { type KnownWords, unknownWord } from './known-words.ts'
import { filesOfProgram, notFound } from './program-tool.ts'
import { type ProgramRun, runProgram } from './run-program.ts'
import { intervalOf, intervalSetting, settingsOf } from './settings-of.ts'
import { sizeSetting } from './size-setting.ts'
import {
  type Needs,
  type RunningTool,
  type Setting,
  type Tool,
  type ToolContext,
  type ToolFile,
  unusable,
  wrapTool
} from './tool.ts'

export type Values = Record<string, SettingValue>

/** What it is told for one start. */
export interface Wanted {
  values: Values
  /** Of the user, that are no setting. */
  words: string[]
  /** Seconds. */
  interval: number
}

interface ObservingProgram {
  /** Of the tool. */
  name: string
  summary: string
  /** Its `program` is that of the tool's name if it is not given. */
  needs: Needs
  /** Beside the size, and the interval if it has one. */
  settings: Setting[]
  hasInterval?: boolean
  /** MiB that it may write if nothing else is said. */
  size: number
  files?: ToolFile[]
  /** Words of the user with which it only observes; by default none. */
  known?: KnownWords
  /** @returns why the values of the settings make it a program that the run brings */
  brings?(values: Values): string | undefined
  /** All words, with the program; pure, as the owner's rules are asked about them. */
  argv(wanted: Wanted): string[]
  /** The same as it is started, if it is bak's own. */
  asStarted?(argv: string[], wanted: Wanted): Promise<string[]>
  output?: string
  stopSignal?: NodeJS.Signals
  /** Ms that it may take to write what it has. */
  grace?: number
  /** In words, that it ended because it had measured all that was asked for. */
  mayEnd?(values: Values): string | undefined
  /** @returns why it cannot work here, found out without a program; and what it cannot show, where it is `partly` */
  whyNot?(values: Values, words: string[]): Promise<Verdict>
  /** The same by trying, cheaply and without a trace; asked before a run. */
  tryOut?(wanted: Wanted): Promise<Verdict>
  versionFlag?: string
  /** Once it has stopped. @returns remarks */
  finish?(context: ToolContext, wanted: Wanted, began: number): Promise<string[]>
}

type Verdict = string | { partly: string } | undefined

export function observingProgram(init: ObservingProgram): Tool {
  const { name, summary, hasInterval = true, stopSignal = 'SIGINT', output } = init
  const program = init.needs.program ?? name
  const wantedBy = (options: ToolOptions, interval = 1): Wanted => {
    const { values, words } = settingsOf(tool, options)
    return { values, words, interval: intervalOf(values, { interval }) }
  }
  const broughtBy = ({ values, words }: Wanted): string | undefined => {
    const word = unknownWord(words, init.known ?? {})
    return word == null ? init.brings?.(values) : `with ${word.slice(0, 40)}`
  }
  const tool: Tool = {
    ...{ name, summary, lifetime: 'transient', stop: stopSignal },
    needs: { ...init.needs, program },
    settings: [...(hasInterval ? [intervalSetting] : []), ...init.settings, sizeSetting(init.size)],
    files: withUsual(init.files ?? [], name),
    runs(options) {
      try {
        const wanted = wantedBy(options)
        return broughtBy(wanted) == null ? undefined : init.argv(wanted)
      } catch {
        // options that are wrong are refused by name, and start nothing
        return [program, ...wordsOf(options)]
      }
    },
    async check(options, { isQuick = false } = {}) {
      const path = await findProgram(program)
      if (path == null) return unusable(name, `${program === name ? '' : `${program} is `}${notFound(init.needs)}`)
      const wanted = wantedBy(options)
      const brought = broughtBy(wanted)
      const verdicts = [await init.whyNot?.(wanted.values, wanted.words)]
      if (typeof verdicts[0] !== 'string' && !isQuick && brought == null) verdicts.push(await init.tryOut?.(wanted))
      const why = verdicts.find(each => typeof each === 'string')
      if (why != null) return unusable(name, why as string)
      const version = isQuick ? undefined : await versionOf(path, init.versionFlag)
      const partly = verdicts.flatMap(each => (typeof each === 'object' ? [each.partly] : []))
      if (brought != null)
        partly.push(`${brought} it is a program that the run brings, and runs as one unless allow.privileged names it`)
      return {
        tool: name,
        usable: true,
        version,
        reason: partly.length === 0 ? undefined : `${name}: ${partly.join('; ')}`
      }
    },
    async start(context) {
      const wanted = wantedBy(context.options, context.interval)
      const isBrought = broughtBy(wanted) != null
      const words = init.argv(wanted)
      const argv = isBrought || context.bundle != null ? words : ((await init.asStarted?.(words, wanted)) ?? words)
      const brought = isBrought ? wordsOf(context.options) : undefined
      const mayEnd = init.mayEnd?.(wanted.values)
      const run: ProgramRun = { name, argv, stopSignal, output, brought, grace: init.grace, mayEnd }
      const running = await runProgram(run, context)
      // what another program left is not read by one of bak's: it may have put a link or settings there
      const isOwn = !isBrought && context.bundle == null
      const finish = isOwn && init.finish ? () => init.finish?.(context, wanted, running.began) ?? [] : undefined
      return boundedBy(
        finish == null ? running : finishedBy(running, finish),
        context.folder,
        wanted.values.size as number
      )
    }
  }
  return tool
}

function finishedBy(running: RunningTool, finish: () => string[] | Promise<string[]>): RunningTool {
  const remarks = running.remarks ?? []
  const stop = async () => {
    const faults = await running.stop()
    remarks.push(...(await finish()))
    return faults
  }
  return wrapTool(running, { remarks, stop })
}

/** What a tool says of one of the usual files is more than that it is one. */
const withUsual = (files: ToolFile[], name: string): ToolFile[] => [
  ...files,
  ...filesOfProgram(name).filter(usual => !files.some(each => each.name === usual.name))
]
