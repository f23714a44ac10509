/** `bak tools register` and `bak tools register-set`: tools for runs that name none, or that name their group. */
import type { Command } from 'commander'
import { BakError } from '../../../protocols/errors.ts'
import { expandTools, isToolset } from '../../../protocols/spec.ts'
import { reasonOfTool } from '../../../protocols/tool-reason.ts'
import { addExamples, addFlag, type Context, setAction } from '../../command.ts'
import { parseSeconds, parseTool, type SpecFlags } from '../../spec-flags.ts'
import { type Answer, changeOn, type Told } from './change.ts'
import { addLabelFlags, addTargetFlags, type LabelFlags, type Target, type TargetFlags, targetsOf } from './targets.ts'

interface Options extends TargetFlags, LabelFlags {
  name?: string
  toolset?: string
  group?: string
  interval?: number
  /** False with `--no-install`. */
  install?: boolean
  persistent?: boolean
  transient?: boolean
  tool?: NonNullable<SpecFlags['tool']>
}

type Added = { tool: string; options: string[]; command?: string[] }

export function defineRegister(command: Command): void {
  command.argument('[names...]', 'tools, or sets of them').usage('NAME... [options] -- OPTIONS')
  addFlag(command, '-n, --name <name>', 'the same as NAME')
  addFlag(command, '--tool <name=command>', 'a tool of your own: a shell command, repeatable', parseTool)
  addFlag(command, '--persistent', 'from the begin of a run to its end, for a tool that can be both')
  addFlag(command, '--transient', 'from start to stop of each sample, for a tool that can be both')
  addCommonFlags(command)
  addExamples(command, {
    'bak tools register sar iostat --on role=db': 'used by each run that names no tools',
    'bak tools register strace --group db -- --pattern=postgres': 'with an option of the tool, for bak run --group db',
    'bak tools register sar --remotes a,b --labels client,server': 'on two members, with a label for each',
    'bak tools register sar --remotes @hosts': 'a line host[,label] for each member',
    'bak tools register --group net --tool "dump=tcpdump -i eth0 -w d.pcap"': 'a tool of your own'
  })
  setAction(command, register, true)
}

export function defineRegisterSet(command: Command): void {
  command.argument('[set]', 'light, medium, heavy or default')
  addFlag(command, '-t, --toolset <set>', 'the same as SET')
  addCommonFlags(command)
  addExamples(command, {
    'bak tools register-set medium': 'on all members what each can run; what it cannot run is named',
    'bak tools register-set light --on b --interval 5': 'on one member, with a sample every 5 s'
  })
  setAction(command, registerSet)
}

function addCommonFlags(command: Command): void {
  addFlag(command, '-g, --group <name>', 'for which group', { default: 'default' })
  addTargetFlags(command)
  addLabelFlags(command)
  addFlag(command, '-i, --interval <time>', 'time between two samples of these tools', parseSeconds)
  addFlag(command, '--no-install', 'register also what a member cannot run now')
}

function register(context: Context, { name, tool = {}, ...options }: Options, ...names: string[]): Promise<number> {
  const own = Object.entries(tool).map(([name, { command }]) => ({ tool: name, options: [], command }))
  const all = [...(name == null ? [] : name.split(',')), ...names]
  const add = [...all.map(name => ({ tool: name, options: context.rest ?? [] })), ...own]
  if (add.length === 0)
    throw new BakError('usage', 'a tool is missing: bak tools register NAME, or --tool NAME=COMMAND')
  return registerAll(context, options, add)
}

async function registerSet(context: Context, { toolset, ...options }: Options, ...words: string[]): Promise<number> {
  const names = [...(toolset == null ? [] : [toolset]), ...words]
  const [name] = names
  if (name == null || names.length > 1 || !isToolset(name) || expandTools([name]).length === 0) {
    const found = name == null ? 'a set of tools is missing' : `${names.join(' ')}: no set of tools`
    throw new BakError('usage', `${found}: bak tools register-set light, medium, heavy or default`)
  }
  return await registerAll(context, options, [{ tool: name, options: [] }])
}

async function registerAll(
  context: Context,
  { group = 'default', interval, install = true, persistent, transient, ...flags }: Options,
  add: Added[]
): Promise<number> {
  if (persistent && transient) throw new BakError('usage', '--persistent and --transient: give one of them')
  const lifetime = persistent ? ('persistent' as const) : transient ? ('transient' as const) : undefined
  const more = { ...(interval == null ? {} : { interval }), ...(lifetime == null ? {} : { lifetime }) }
  const changeOf = ({ label }: Target) => ({
    group,
    add: add.map(each => ({ ...each, ...more, ...(label == null ? {} : { label }) })),
    ...(install ? {} : { force: true })
  })
  return await changeOn(context, targetsOf(flags), changeOf, answer => describe(answer, group, add))
}

/** What cannot run there is named; that fails the command where it was asked for by its own name, or nothing of a set can run. */
function describe({ name, registered, tools }: Answer, group: string, add: Added[]): Told {
  const mine = registered.filter(each => each.group === group)
  const label = mine.find(each => each.label != null)?.label
  const called = label == null ? '' : `, with label "${label}",`
  const single = add.filter(({ tool, command }) => command != null || !isToolset(tool)).map(({ tool }) => tool)
  const isRegistered = (tool: string) => mine.some(each => each.tool === tool)
  const lines = tools.map(found => {
    const { tool, usable } = found
    const why = reasonOfTool(found) ?? 'not usable'
    if (usable) return `"${tool}" tool is now registered for host "${name}"${called} in group "${group}"`
    const left = isRegistered(tool) ? 'it is registered all the same' : 'it is not registered there'
    return `"${tool}" tool cannot run on host "${name}": ${why}; ${left}`
  })
  const unusable = tools.filter(({ tool, usable }) => !usable && !isRegistered(tool))
  const hasFailed = unusable.some(({ tool }) => single.includes(tool)) || unusable.length === tools.length
  return { lines, failed: hasFailed && tools.length > 0 ? 'tool-unavailable' : undefined }
}
