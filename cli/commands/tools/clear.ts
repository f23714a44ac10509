/** `bak tools clear`: removes what is registered. */
import type { Command } from 'commander'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { changeOn } from './change.ts'
import { addTargetFlags, type TargetFlags, targetsOf } from './targets.ts'

interface Options extends TargetFlags {
  name?: string
  group?: string
}

export function defineClear(command: Command): void {
  command.argument('[names...]', 'tools; if none is named, all of the group, with its trigger')
  addFlag(command, '-n, --name <names>', 'the same as NAMES: name[,name]')
  addFlag(command, '-g, --group <names>', 'of which groups', { default: 'default' })
  addTargetFlags(command)
  addExamples(command, {
    'bak tools clear': 'all of the group default, on all members',
    'bak tools clear sar --group db --on b': 'one tool of a group on one member'
  })
  setAction(command, clear)
}

async function clear(context: Context, { name, group = 'default', ...flags }: Options, ...words: string[]) {
  const names = [...(name == null ? [] : name.split(',')), ...words]
  const remove = names.length === 0 ? {} : { remove: names }
  let status = 0
  for (const each of group.split(',')) {
    const changed = await changeOn(
      context,
      targetsOf(flags),
      () => ({ group: each, add: [], ...remove }),
      ({ name: host, registered }) => {
        const left = registered.filter(({ group: of }) => of === each).map(({ tool }) => tool)
        return { lines: [`group: ${each}; host: ${host}; tools: ${left.length === 0 ? 'none' : left.join(', ')}`] }
      }
    )
    status ||= changed
  }
  return status
}
