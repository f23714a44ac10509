/** `bak tools list`: what is registered, as `pbench-list-tools` prints it. */
import type { Command } from 'commander'
import type { MemberView } from '../../../protocols/control.ts'
import type { Registration } from '../../../protocols/hello.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { formatCommand } from '../../format.ts'

interface Options {
  on?: string
  group?: string
  name?: string
  withOption?: boolean
}

interface Line {
  group: string
  host: string
  /** Left out where it is here. */
  state?: string
  label?: string | undefined
  tools: Registration[]
}

export function defineList(command: Command): void {
  command.alias('registered')
  addFlag(command, '-g, --group <names>', 'only of these groups')
  addFlag(command, '-n, --name <names>', 'only these tools')
  addFlag(command, '-o, --with-option', 'with the options of each tool')
  addFlag(command, '--on <selector>', 'only on these members')
  addExamples(command, {
    'bak tools list --group db --with-option': 'a line for each member: group, host, label, tools'
  })
  setAction(command, list)
}

async function list({ json, ask, print }: Context, { on, group, name, withOption }: Options): Promise<void> {
  const { members } = await ask('members', { on })
  const known = members.filter(({ state }) => state !== 'left')
  const lines = linesOf(known, { groups: group?.split(','), names: name?.split(',') })
  if (json) for (const line of lines) await print(JSON.stringify(line))
  else if (lines.length === 0) await print(whyNone(known))
  else for (const line of lines) await print(inWords(line, withOption))
}

function whyNone(members: MemberView[]): string {
  const groups = [...new Set(members.flatMap(({ registered }) => registered.map(each => each.group)))]
  return groups.length === 0
    ? 'nothing is registered: bak tools register NAME'
    : `nothing registered fits; the groups are ${groups.sort().join(', ')}`
}

/** By group, then by host. */
function linesOf(members: MemberView[], { groups, names }: { groups?: string[]; names?: string[] }): Line[] {
  const lines = members.flatMap(({ shown, state, registered }) => {
    const wanted = registered.filter(
      ({ group, tool }) => (groups?.includes(group) ?? true) && (names?.includes(tool) ?? true)
    )
    return [...Map.groupBy(wanted, each => each.group)].map(([group, tools]) => ({
      ...{ group, host: shown, tools },
      // registrations outlive the peers on which they are
      ...(state === 'lost' ? { state } : {}),
      label: tools.find(each => each.label != null)?.label
    }))
  })
  return lines.sort((a, b) => a.group.localeCompare(b.group) || a.host.localeCompare(b.host))
}

function inWords({ group, host, state, label, tools }: Line, withOption = false): string {
  const called = label == null ? '' : `, label: ${label}`
  const where = state == null ? host : `${host} (${state})`
  const named = tools.map(each => (withOption ? withOptions(each) : each.tool))
  return `group: ${group}; host: ${where}${called}; tools: ${named.join(', ')}`
}

/** `sar[--interval=5 -A]` */
function withOptions({ tool, options, command, interval, lifetime }: Registration): string {
  const words = [
    ...(command == null ? [] : [formatCommand(command)]),
    ...(interval == null ? [] : [`--interval=${interval}`]),
    ...(lifetime == null ? [] : [`--${lifetime}`]),
    ...options
  ]
  return words.length === 0 ? tool : `${tool}[${words.join(' ')}]`
}
