/** `bak tools`: lists the tools of each peer, and registers or clears default sets. */
import type { Command } from 'commander'
import type { CallResponse } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { BakError, type ErrorCode, exitStatus } from '../../protocols/errors.ts'
import { formatTable } from '../../protocols/text-table.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { formatCommand } from '../format.ts'
import { parseTool, type SpecFlags } from '../spec-flags.ts'
import { defineShow } from './tools/show.ts'

interface Options {
  on?: string
  group?: string
  tool?: NonNullable<SpecFlags['tool']>
}

export function define(command: Command): void {
  defineShow(
    command.command('show', { isDefault: true }).description('which tools there are, and where; of one, all (default)')
  )
  defineList(command.command('list').description('the tools of each member'))
  defineRegister(command.command('register').description('register tools with members, for runs that name none'))
  defineClear(command.command('clear').description('remove registered tools'))
  addExamples(command, {
    'bak tools pidstat': 'what it needs, its options, its files, and where it can be used',
    'bak tools list --on role=db': 'the tools of these members',
    'bak tools register sar iostat --on role=db': 'used by each run that names no tools',
    'bak tools register perf --group db -- record -a': 'with options',
    'bak tools register --group net --tool "dump=tcpdump -i eth0 -w d.pcap"': 'for bak run --group net',
    'bak tools clear --on all': 'remove all of the group default'
  })
}

function defineList(command: Command): void {
  addFlag(command, '--on <selector>', 'only these members')
  setAction(command, list)
}

async function list({ json, ask, print, printLines }: Context, { on }: Options): Promise<void> {
  const answer = await ask('tools', { on })
  if (json) return print(JSON.stringify(answer))
  const rows = answer.members.flatMap(({ shown, tools, registered }) => [
    ...tools.map(({ tool, usable, version, reason }) => [
      shown,
      tool,
      usable ? 'yes' : 'no',
      version,
      registered
        .filter(each => each.tool === tool && each.command == null)
        .map(each => [each.group, ...each.options].join(' '))
        .join(', '),
      reason
    ]),
    ...registered.flatMap(({ tool, group, command }) =>
      command == null ? [] : [[shown, tool, undefined, undefined, group, formatCommand(command)]]
    )
  ])
  await printLines(formatTable(['MEMBER', 'TOOL', 'USABLE', 'VERSION', 'REGISTERED', 'REASON'], rows))
}

function defineRegister(command: Command): void {
  command.argument('[names...]', 'tools').usage('NAME... [options] -- OPTIONS')
  addFlag(command, '--on <selector>', 'on which members', option => option.default('all'))
  addFlag(command, '--group <name>', 'for which group', option => option.default('default'))
  addFlag(command, '--tool <name=command>', 'a tool of your own: a shell command, repeatable', option =>
    option.argParser(parseTool)
  )
  setAction(command, register, true)
}

async function register(
  { socket, json, print, rest = [] }: Context,
  { on = 'all', group = 'default', tool = {} }: Options,
  ...names: string[]
) {
  const own = Object.entries(tool).map(([name, { command }]) => ({ tool: name, options: [], command }))
  const add = [...names.map(name => ({ tool: name, options: rest })), ...own]
  if (add.length === 0)
    throw new BakError('usage', 'a tool is missing: bak tools register NAME, or --tool NAME=COMMAND')
  return report(callDaemon(socket, 'register', { on, group, add }), json, print)
}

function defineClear(command: Command): void {
  command.argument('[names...]', 'tools; if none is named, all of the group')
  addFlag(command, '--on <selector>', 'on which members', option => option.default('all'))
  addFlag(command, '--group <name>', 'of which group', option => option.default('default'))
  setAction(command, clear)
}

async function clear({ socket, json, print }: Context, { on = 'all', group = 'default' }: Options, ...names: string[]) {
  const remove = names.length === 0 ? undefined : names
  return report(callDaemon(socket, 'register', { on, group, add: [], remove }), json, print)
}

/** A line for each member, as soon as it answers. */
async function report(
  answers: AsyncIterable<CallResponse<'register'>>,
  json: boolean,
  print: Context['print']
): Promise<number> {
  let all = 0
  let failed: ErrorCode | undefined
  for await (const answer of answers) {
    all++
    if (answer.error != null) failed ??= answer.code ?? 'tool-unavailable'
    const tools = answer.registered.map(each => [`${each.group}:${each.tool}`, ...each.options].join(' '))
    await print(json ? JSON.stringify(answer) : `${answer.name}: ${answer.error ?? (tools.join(', ') || 'nothing')}`)
  }
  if (all === 0) throw new BakError('no-such-peer', 'the selector selects no member')
  return failed == null ? 0 : exitStatus[failed]
}
