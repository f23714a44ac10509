/** A tool that the owner of this machine described in a file of `tools.d`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'smol-toml'
import { commandWords, PLAIN_VALUE, type UserTool } from '../../protocols/user-tool.ts'
import { onDisk } from '../store/disk.ts'
import { checkCommand, filesOf, filledIn, needsOf, takesInterval } from './command-tool.ts'
import { runProgram } from './run-program.ts'
import { intervalSetting, settingsOf } from './settings-of.ts'
import type { Setting, Tool } from './tool.ts'

/** Characters that a run may give for an option. */
const MAX_VALUE = 1024

/** A command of the owner of this machine: it runs as the daemon does, and takes those options that its file declares. */
export function ownerTool(name: string, given: UserTool): Tool {
  const { stop_signal = 'TERM', files = [], summary = 'a tool of the owner of this machine' } = given
  const command = commandWords(given.command)
  const described = `${name}.toml`
  const tool: Tool = {
    ...{ name, summary, stop: `SIG${stop_signal}`, isOwners: true },
    ...{ lifetime: given.lifetime ?? 'transient', eitherLifetime: given.lifetime == null },
    ...{ isPaced: given.read != null, onEnd: given.on_end },
    needs: needsOf(given, command),
    settings: [...(takesInterval(command) ? [intervalSetting] : []), ...declaredIn(given.settings)],
    noWords: 'its owner chose its words',
    files: [...filesOf(name, files), { name: described, what: 'how its files are read' }],
    check: () => checkCommand({ name, needs: given.needs }, command),
    async start(context) {
      const { values } = settingsOf(tool, context.options)
      const interval = values.interval ?? given.interval ?? context.interval
      const argv = filledIn(command, { ...values, interval })
      await describe(join(context.folder, described), given)
      const options = { ...context.options, ready_after: context.options.ready_after ?? given.ready_after, options: [] }
      const stopSignal = `SIG${stop_signal}` as const
      return runProgram({ name, argv, stopSignal, expected: files, written: [described] }, { ...context, options })
    }
  }
  return tool
}

/** The result says itself how to read it: the file of the owner may be another one tomorrow. */
function describe(path: string, { summary, files, read }: UserTool): Promise<void> {
  const known = Object.entries({ summary, files, read }).filter(([, value]) => value != null)
  return onDisk(path, () => writeFile(path, `${stringify(Object.fromEntries(known)).trimEnd()}\n`, { flag: 'wx' }))
}

/** Whatever the file says, a value is one plain word. */
function declaredIn(settings: UserTool['settings'] = {}): Setting[] {
  return Object.entries(settings).map(([name, each]) => {
    if (each.type !== 'string') return { name, required: each.default == null, ...each }
    const { pattern, ...rest } = each
    return { name, required: each.default == null, ...rest, check: (value: string) => whyNotPlain(value, pattern) }
  })
}

function whyNotPlain(value: string, pattern: string | undefined): string | undefined {
  if (value.length > MAX_VALUE) return `has ${value.length} characters; ${MAX_VALUE} are the most`
  if (!PLAIN_VALUE.test(value)) return 'may have letters, digits and . : / , @ % + = - _ only, and begins without -'
  if (pattern == null || new RegExp(`^(?:${pattern})$`).test(value)) return undefined
  return `does not fit ${pattern}`
}
