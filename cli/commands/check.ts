/** `bak check`: tells whether the members can run these tools, or with `--noise` whether they are fit to measure. */
import type { Command } from 'commander'
import type { CallResponse } from '../../protocols/control.ts'
import { callDaemon } from '../../protocols/control-http.ts'
import { exitStatus } from '../../protocols/errors.ts'
import { expandTools } from '../../protocols/spec.ts'
import { printNoise } from '../check-noise.ts'
import { addExamples, addFlag, type Context, setAction } from '../command.ts'
import { parseNames, parseTool, type SpecFlags } from '../spec-flags.ts'
import { parseToolFile } from '../tool-file.ts'
import { type Finding, formatFindings } from '../views/check-table.ts'

interface Options {
  on?: string
  tools?: string[]
  tool?: NonNullable<SpecFlags['tool']>
  noise?: boolean
  strict?: boolean
  toolFile?: NonNullable<SpecFlags['toolFile']>
}

type Answer = CallResponse<'check'>

export function define(command: Command): void {
  addFlag(command, '--on <selector>', 'which members (all)')
  addFlag(command, '--tools <names>', 'which tools or sets of tools (default)', parseNames)
  addFlag(command, '--tool <name=command>', 'a tool of your own: a shell command, repeatable', parseTool)
  addFlag(command, '--noise', 'whether each member is fit to measure: load, frequencies, clock, limits and more')
  addFlag(command, '--strict', 'with --noise: exit with 78 if a member is not fit')
  addFlag(command, '--tool-file <name.toml>', 'a tool of your own that a file describes, repeatable', parseToolFile)
  addExamples(command, {
    'bak check --noise': 'what may make numbers vary on each member, why, and what to do',
    'bak check --on role=db --tools sar,perf': 'exits with 78 if a member lacks a tool',
    'bak check --tool "net=tcpdump -i eth0"': 'whether each member has the program of a tool of your own'
  })
  setAction(command, act)
}

async function act(context: Context, options: Options): Promise<number> {
  if (options.noise) return printNoise(context, options)
  const { socket, json, print, printLines } = context
  const { on, tools, ...flags } = options
  const tool = { ...flags.toolFile, ...flags.tool }
  const own = Object.entries(tool)
  const names = expandTools(tools ?? (own.length > 0 ? [] : ['default'])).filter(name => !Object.hasOwn(tool, name))
  const wanted = [...names.map(name => [name, {}] as const), ...own]
  const asked = wanted.map(([tool, options]) => ({ group: 'default', tool, options }))
  const answers: Answer[] = []
  for await (const answer of callDaemon(socket, 'check', { on, tools: asked })) answers.push(answer)
  const findings = answers.flatMap(answer => asked.map(({ tool }, i) => judge(answer, tool, i)))
  if (json) for (const finding of findings) await print(JSON.stringify(finding))
  else
    await printLines(
      formatFindings(
        asked.map(({ tool }) => tool),
        findings
      )
    )
  return findings.some(({ state }) => state === 'missing') ? exitStatus['tool-unavailable'] : 0
}

/** A tool that is usable, but with a reason, is degraded: it measures less than it could. */
function judge({ name: member, tools, error }: Answer, tool: string, at: number): Finding {
  const found = tools[at]
  if (found == null) return { member, tool, state: 'missing', reason: error ?? 'it did not answer for this tool' }
  const { usable, version, reason } = found
  if (error != null) return { member, tool, state: 'missing', version, reason: error }
  return { member, tool, state: usable ? (reason == null ? 'usable' : 'degraded') : 'missing', version, reason }
}
