/** `bak tools [NAME]`: which tools there are and where they can be used, or all of one. */
import type { Command } from 'commander'
import { callDaemon } from '../../../protocols/control-http.ts'
import { BakError } from '../../../protocols/errors.ts'
import { nearest } from '../../../protocols/nearest.ts'
import { addFlag, type Context, setAction } from '../../command.ts'
import { formatTool, formatTools, type ToolsOfMember } from '../../views/tool-views.ts'

interface Options {
  on?: string
}

export function defineShow(command: Command): void {
  command.argument('[name]', 'a tool, to see all of it')
  addFlag(command, '--on <selector>', 'only these members')
  setAction(command, show)
}

async function show({ socket, json, print, printLines }: Context, { on }: Options, tool?: string): Promise<void> {
  const answers: ToolsOfMember[] = []
  for await (const answer of callDaemon(socket, 'describe-tools', { on, tool })) answers.push(answer)
  if (answers.length === 0) throw new BakError('no-such-peer', `no member fits "${on ?? 'all'}"`)
  if (
    tool != null &&
    answers.every(({ tools, damaged, error }) => error == null && tools.length + damaged.length === 0)
  )
    throw new BakError('usage', await whyUnknown(tool, socket, on))
  if (json) return print(JSON.stringify({ members: answers }))
  await printLines(tool == null ? formatTools(answers) : formatTool(answers))
}

async function whyUnknown(tool: string, socket: string, on?: string): Promise<string> {
  const known = new Set<string>()
  for await (const { tools } of callDaemon(socket, 'describe-tools', { on }))
    for (const each of tools) known.add(each.tool)
  const near = nearest(tool, [...known])
  return `${tool}: no member has this tool; ${near == null ? 'bak tools lists them' : `did you mean ${near}?`}`
}
