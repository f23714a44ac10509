/** `bak tools trigger`: when the tools of a group run, by the output of what is measured. */
import type { Command } from 'commander'
import { BakError } from '../../../protocols/errors.ts'
import { describeTrigger } from '../../../protocols/trigger.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { changeOn } from './change.ts'
import { addTargetFlags, type TargetFlags, targetsOf } from './targets.ts'

interface Options extends TargetFlags {
  group?: string
  start?: string
  stop?: string
  startTrigger?: string
  stopTrigger?: string
  clear?: boolean
}

export function defineTrigger(command: Command): void {
  addFlag(command, '-g, --group <name>', 'of which group (default; of all where they are listed)')
  addFlag(command, '--start <pattern>', 'a regular expression for the line at which the tools start')
  addFlag(command, '--stop <pattern>', 'for the line at which they stop')
  addFlag(command, '--start-trigger <pattern>', 'the same as --start').hideHelp()
  addFlag(command, '--stop-trigger <pattern>', 'the same as --stop').hideHelp()
  addFlag(command, '--clear', 'remove it')
  addTargetFlags(command)
  addExamples(command, {
    'bak tools trigger': 'the triggers that are registered',
    'bak tools trigger --group db --start "^ramp done" --stop "^closing"': 'a sample for each such window of a run',
    'bak tools trigger --group db --clear': 'the tools of the group run from begin to end again'
  })
  setAction(command, trigger)
}

async function trigger(context: Context, flags: Options): Promise<number> {
  const { group, clear, start = flags.startTrigger, stop = flags.stopTrigger } = flags
  if (start == null && stop == null && !clear) return await list(context, flags)
  if (clear && (start != null || stop != null)) throw new BakError('usage', '--clear takes no --start and no --stop')
  if (!clear && (start == null || stop == null))
    throw new BakError('usage', `--${start == null ? 'start' : 'stop'} is missing: a trigger has both patterns`)
  const of = group ?? 'default'
  const change = clear ? { dropTrigger: true as const } : { trigger: { start: start ?? '', stop: stop ?? '' } }
  return await changeOn(
    context,
    targetsOf(flags),
    () => ({ group: of, add: [], ...change }),
    ({ name, triggers = [], registered }) => {
      const found = triggers.find(each => each.group === of)
      const isIdle = found != null && !registered.some(each => each.group === of)
      const said = `${found == null ? 'none' : describeTrigger(found)}${isIdle ? '; tools: none' : ''}`
      return { lines: [`group: ${of}; host: ${name}; trigger: ${said}`] }
    }
  )
}

async function list({ json, ask, print }: Context, { group, on }: Options): Promise<number> {
  const { members } = await ask('tools', { on })
  const found = members.flatMap(({ shown, triggers = [] }) => triggers.map(each => ({ host: shown, ...each })))
  const wanted = found.filter(each => group == null || each.group === group)
  if (json) for (const each of wanted) await print(JSON.stringify(each))
  else if (wanted.length === 0) await print('no trigger is registered: bak tools trigger --group G --start P --stop P')
  else
    for (const each of wanted)
      await print(`group: ${each.group}; host: ${each.host}; trigger: ${describeTrigger(each)}`)
  return 0
}
