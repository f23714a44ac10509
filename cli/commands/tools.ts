/** `bak tools`: the tools that members have, and what is registered on them; a file a command in tools/. */
import type { Command } from 'commander'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { defineClear } from './tools/clear.ts'
import { defineList } from './tools/list.ts'
import { defineRegister, defineRegisterSet } from './tools/register.ts'
import { defineTrigger } from './tools/trigger.ts'

export function define(command: Command): void {
  defineShow(command.command('show', { isDefault: true }).description('the tools of each member (default)'))
  defineRegister(command.command('register').description('register tools with members, for runs that name none'))
  defineRegisterSet(
    command.command('register-set').description('register a set of tools: what each member can run of it')
  )
  defineList(command.command('list').description('what is registered, by group and member'))
  defineClear(command.command('clear').description('remove what is registered'))
  defineTrigger(command.command('trigger').description('when tools of a group run, by the output of the command'))
  addExamples(command, {
    'bak tools --on role=db': 'the tools of these members',
    'bak tools register sar iostat --on role=db': 'used by each run that names no tools',
    'bak tools register-set medium': 'what each member can run of a set',
    'bak tools list': 'what is registered'
  })
}

function defineShow(command: Command): void {
  addFlag(command, '--on <selector>', 'only these members')
  setAction(command, show)
}

async function show({ json, ask, print, printLines }: Context, { on }: { on?: string }): Promise<void> {
  const answer = await ask('tools', { on })
  if (json) return print(JSON.stringify(answer))
  const rows = answer.members.flatMap(({ shown, tools }) =>
    tools.map(({ tool, usable, version, reason }) => [shown, tool, usable ? 'yes' : 'no', version, reason])
  )
  await printLines(formatTable(['MEMBER', 'TOOL', 'USABLE', 'VERSION', 'REASON'], rows))
}
