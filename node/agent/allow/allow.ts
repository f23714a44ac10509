/**
 * What the owner of this machine allows a run to do here: `[allow]` of config.toml. It has the last word, whatever the role of
 * the controller. It holds for runs of this peer too, except for `controllers` and for the command, which its owner typed.
 */
import type { AllowSettings } from '../../../protocols/config-file.ts'
import { globOf } from '../../../protocols/glob.ts'
import type { Availability } from '../../../protocols/hello.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import { expandTools } from '../../../protocols/spec.ts'
import type { ToolOptions } from '../../../protocols/tool-options.ts'
import { type Asking, refusalOfPeer } from '../../mesh/names/listed-peers.ts'
import { type Brought, broughtInWords } from '../../work/workloads/brought.ts'
import { pathsIn } from './path-words.ts'
import { type Disk, isAllowedPath, refuseProgram, shortened } from './program-rule.ts'
import { refuseBrought } from './workload-rule.ts'

/** What decides whether a run is let in; the other keys of `[allow]` say how its programs run then. */
export type Rules = Required<Pick<AllowSettings, 'controllers' | 'exec' | 'tools' | 'paths'>> &
  Pick<AllowSettings, 'workloads' | 'stage' | 'load' | 'forward' | 'images'>

/** What a decision depends on beside the rules. */
export interface Machine extends Disk {
  /** Why programs of others cannot run apart from this peer here. */
  notApart?: string
  /** @returns the argv of a program that a tool would run because of these options */
  runs(tool: string, options: ToolOptions): string[] | undefined
  /** @returns the words and texts of a tool's options that may name a path */
  texts(tool: string, options: ToolOptions): string[]
}

export interface Refusal {
  rule: keyof Rules
  why: string
}

/** @param caller undefined for a run of this peer @returns the first rule that forbids a part of the run */
export async function refusalOf(
  rules: Rules,
  { caller, tools, workloads = [] }: { caller?: Asking; tools: Assignment[]; workloads?: Brought[] },
  machine: Machine
): Promise<Refusal | undefined> {
  const why = caller && refusalOfPeer(rules.controllers, caller)
  if (why != null) return { rule: 'controllers', why }
  const brings = broughtIn(tools, workloads, machine)
  const beyond = caller == null || brings == null ? undefined : refuseWorkloads(rules, brings, machine)
  if (beyond != null) return beyond
  for (const each of tools) {
    const refused = await refuseTool(rules, each, machine)
    if (refused != null) return refused
  }
  return refuseBrought(rules, workloads, machine)
}

/** @returns in words a program that the run brings */
function broughtIn(tools: Assignment[], [workload]: Brought[], machine: Machine): string | undefined {
  if (workload != null) return broughtInWords(workload)
  const tool = tools.find(
    ({ tool, options }) => (options.bundle ?? options.command ?? machine.runs(tool, options)) != null
  )
  return tool && `tool ${tool.tool}`
}

/** What others bring runs where it can be kept apart, or where the owner says that it need not. */
function refuseWorkloads({ workloads = 'guarded' }: Rules, program: string, machine: Machine): Refusal | undefined {
  if (workloads === false) return { rule: 'workloads', why: `lets no program of others run, as ${program} would` }
  if (machine.notApart == null) return undefined
  return { rule: 'workloads', why: `lets programs of others run only apart from this peer: ${machine.notApart}` }
}

async function refuseTool(rules: Rules, { tool, options }: Assignment, machine: Machine): Promise<Refusal | undefined> {
  if (rules.tools === false) return { rule: 'tools', why: 'lets no tool run' }
  const words = options.options ?? []
  if (options.bundle != null && rules.exec !== true) {
    return { rule: 'exec', why: `names programs of this machine, and tool ${tool} brings its own` }
  }
  if (options.command != null) {
    return refuseProgram(rules, [...options.command, ...words], `the command of tool ${tool}`, machine)
  }
  if (!isListed(rules.tools, tool)) return { rule: 'tools', why: `does not name ${tool}` }
  const program = machine.runs(tool, options)
  const refused = program && (await refuseProgram(rules, program, `which options of tool ${tool} run`, machine))
  if (refused != null) return refused
  for (const path of machine.texts(tool, options).flatMap(pathsIn)) {
    if (!(await isAllowedPath(rules.paths, path, machine))) {
      return { rule: 'paths', why: `has no folder with ${shortened(path)}, an option of tool ${tool}` }
    }
  }
  return undefined
}

const isListed = (rule: Rules['tools'], tool: string) =>
  typeof rule === 'boolean' ? rule : expandTools(rule).some(pattern => globOf(pattern)(tool))

/** @returns the message for the controller: which rule forbids it, and where it is set */
export function explain({ rule, why }: Refusal, file: string): string {
  return `allow.${rule} ${why}; it is set in ${file} or by --allow-${rule}`
}

/** @returns the tools of this machine; those that the owner forbids are not usable */
export function limitTools({ tools: rule }: Rules, tools: Availability[], file: string): Availability[] {
  return tools.map(each => {
    if (isListed(rule, each.tool)) return each
    const why = explain({ rule: 'tools', why: `does not name ${each.tool}` }, file)
    return { ...each, usable: false, reason: `${each.tool}: ${why}` }
  })
}
