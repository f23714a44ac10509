/** `bak check`: tells whether the members can run these tools. */
import type { Command } from 'commander'
import type { MemberView } from '../../protocols/control.ts'
import { exitStatus } from '../../protocols/errors.ts'
import { expandTools } from '../../protocols/spec.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { parseNames } from '../spec-flags.ts'
import { formatNote, formatTable } from '../table.ts'

interface Options {
  on?: string
  tools?: string[]
}

interface Finding {
  member: string
  tool: string
  state: 'usable' | 'degraded' | 'missing'
  version?: string
  reason?: string
}

export function define(command: Command): void {
  addFlag(command, '--on <selector>', 'which members (all)')
  addFlag(command, '--tools <names>', 'which tools or sets of tools (default)', option => option.argParser(parseNames))
  addExamples(command, { 'bak check --on role=db --tools sar,perf': 'exits with 78 if a member lacks a tool' })
  setAction(command, act)
}

async function act({ json, ask, print }: Context, { on, tools = ['default'] }: Options): Promise<number> {
  const names = expandTools(tools)
  const { members } = await ask('tools', { on })
  const findings = members.flatMap(member => names.map(tool => judge(member, tool)))
  if (json) for (const finding of findings) await print(JSON.stringify(finding))
  else await print(format(names, findings))
  return findings.some(({ state }) => state === 'missing') ? exitStatus['tool-unavailable'] : 0
}

/** A tool that is usable, but with a reason, is degraded: it measures less than it could. */
export function judge({ shown, tools }: MemberView, tool: string): Finding {
  const found = tools.find(each => each.tool === tool)
  if (found == null) return { member: shown, tool, state: 'missing', reason: 'this peer does not know the tool' }
  const { usable, version, reason } = found
  if (usable) return { member: shown, tool, state: reason == null ? 'usable' : 'degraded', version, reason }
  return { member: shown, tool, state: 'missing', version, reason }
}

/** A table of members by tools, then a line for each tool that is missing or degraded. */
function format(names: string[], findings: Finding[]): string {
  const members = [...new Set(findings.map(({ member }) => member))]
  const rows = members.map(member => [
    member,
    ...findings.filter(each => each.member === member).map(({ state }) => state)
  ])
  const notes = findings
    .filter(({ state }) => state !== 'usable')
    .map(({ member, tool, state, reason }) =>
      formatNote(`${member}: ${tool} is ${state}: ${reason ?? 'no reason was given'}`)
    )
  return [formatTable(['MEMBER', ...names], rows), ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')
}
