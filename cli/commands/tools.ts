/** `bak tools`: the tools that members have, and what is registered on them; a file a command in tools/. */
import type { Command } from 'commander'
import { addExamples } from '../command.ts'
import { defineAttach, defineDetach } from './tools/attach.ts'
import { defineClear } from './tools/clear.ts'
import { defineList } from './tools/list.ts'
import { defineRegister, defineRegisterSet } from './tools/register.ts'
import { defineShow } from './tools/show.ts'
import { defineTrigger } from './tools/trigger.ts'

export function define(command: Command): void {
  defineShow(
    command.command('show', { isDefault: true }).description('which tools there are, and where; of one, all (default)')
  )
  defineRegister(command.command('register').description('register tools with members, for runs that name none'))
  defineRegisterSet(
    command.command('register-set').description('register a set of tools: what each member can run of it')
  )
  defineList(command.command('list').description('what is registered, by group and member'))
  defineClear(command.command('clear').description('remove what is registered'))
  defineTrigger(command.command('trigger').description('when tools of a group run, by the output of the command'))
  defineAttach(command.command('attach').description('add a tool to a run that goes on'))
  defineDetach(command.command('detach').description('take a tool away from a run that goes on'))
  addExamples(command, {
    'bak tools pidstat': 'what it needs, its options, its files, and where it can be used',
    'bak tools register sar iostat --on role=db': 'used by each run that names no tools',
    'bak tools register-set medium': 'what each member can run of a set',
    'bak tools list': 'what is registered'
  })
}
