/** `bak config`: lists the settings in force, and where each comes from. */
import { hostname } from 'node:os'
import type { Command, Option } from 'commander'
import { daemonDefaults, daemonKeys, valueAt } from '../../protocols/config-file.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { findLines } from '../../protocols/toml-lines.ts'
import { variableOf } from '../../protocols/variables.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { keyOf, readSettings, type Settings, tableOf, tablePath } from '../settings.ts'

interface Setting {
  key: string
  value: unknown
  /** `flag`, the name of a variable, file and line, or `default`. */
  origin: string
}

export function define(command: Command): void {
  addFlag(command, '--origin', 'where each comes from')
  addFlag(command, '--all', 'also settings with their default')
  addExamples(command, {
    'bak config --origin': 'what is set, and by which variable or line',
    'BAK_RUN_QUORUM=80% bak config': 'a variable wins over config.toml, a flag over both'
  })
  setAction(command, act)
}

async function act(
  { home, json, ask, print, printLines, program }: Context,
  { origin, all }: { origin?: boolean; all?: boolean }
): Promise<void> {
  const file = await readSettings(home)
  // of a daemon that runs, from when it started; without one the file can still be looked at
  const daemon = await ask('status', {}).catch(() => undefined)
  const found = [
    { key: 'home', value: home, origin: originOfHome() },
    ...(daemon?.settings ?? listDaemon(file)),
    ...listFlags(await program(), file)
  ]
  const settings = found.filter(({ key, origin }) => all || origin !== 'default' || !key.startsWith('cli.'))
  if (json) return print(JSON.stringify(Object.fromEntries(settings.map(({ key, ...rest }) => [key, rest]))))
  const rows = settings.map(setting => [setting.key, show(setting.value), ...(origin ? [setting.origin] : [])])
  await printLines(formatTable(origin ? ['KEY', 'VALUE', 'ORIGIN'] : ['KEY', 'VALUE'], rows))
}

const show = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

const originOfHome = () =>
  process.argv.some(word => word.startsWith('--home')) ? 'flag' : process.env.BAK_HOME ? 'BAK_HOME' : 'default'

/** The flags of all commands that have a variable, without --home, which determines this file. */
function listFlags(program: Command, file: Settings): Setting[] {
  const lineOf = findLines(file.text)
  const found = withCommands(program).flatMap(command =>
    command.options
      .filter(option => option.envVar != null && option.envVar !== 'BAK_HOME')
      .map(option => find(command, option, file, lineOf))
  )
  // `bak job run` has the settings of `bak run`
  return [...new Map(found.map(setting => [setting.key, setting])).values()]
}

const withCommands = (command: Command): Command[] => [command, ...command.commands.flatMap(withCommands)]

function find(
  command: Command,
  option: Option,
  { keys, path }: Settings,
  lineOf: ReturnType<typeof findLines>
): Setting {
  const place = [...tablePath(command), keyOf(option)]
  const key = place.join('.')
  const variable = option.envVar as string
  if (process.env[variable] != null) return { key, value: process.env[variable], origin: variable }
  const value = tableOf(command, keys)[keyOf(option)]
  if (value !== undefined) return { key, value, origin: `${path}:${lineOf(place)}` }
  return { key, value: option.negate ? true : option.defaultValue, origin: 'default' }
}

/** The daemon's keys, as a daemon that is started now would have them. */
function listDaemon({ keys, path, text }: Settings): Setting[] {
  const lineOf = findLines(text)
  const unknown = Object.keys(keys).filter(key => key !== 'cli' && !daemonKeys.some(([each]) => each === key))
  return [...daemonKeys, ...unknown.map(key => [key])].map(place => {
    const key = place.join('.')
    const variable = variableOf(key)
    if (process.env[variable] != null) return { key, value: process.env[variable], origin: variable }
    const value = valueAt(keys, place)
    if (value !== undefined) return { key, value, origin: `${path}:${lineOf(place)}` }
    return { key, value: key === 'name' ? hostname() : valueAt(daemonDefaults, place), origin: 'default' }
  })
}
