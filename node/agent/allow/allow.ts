/**
 * What the owner of this machine allows a run to do here: `[allow]` of config.toml. It has the last word, whatever the role of
 * the controller. It holds for runs of this peer too, except for `controllers` and for the workload, which its owner typed.
 */
import type { AllowSettings } from '../../../protocols/config-file.ts'
import type { Availability } from '../../../protocols/hello.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import { expandTools } from '../../../protocols/spec.ts'
import { globOf } from '../../glob.ts'
import { pathsIn } from './path-words.ts'
import { type Disk, isAllowedPath, refuseProgram, shortened } from './program-rule.ts'

/** What decides whether a run is let in; the other keys of `[allow]` say how its programs run then. */
export type Rules = Required<Pick<AllowSettings, 'controllers' | 'exec' | 'tools' | 'paths'>> &
  Pick<AllowSettings, 'workloads' | 'stage'>

/** What a decision depends on beside the rules. */
export interface Machine extends Disk {
  /** Why programs of others cannot run apart from this peer here. */
  notApart?: string
  /** @returns the argv of a program that a tool would run because of these options */
  runs(tool: string, options: string[]): string[] | undefined
}

export interface Caller {
  peer: string
  /** @returns the live controllers that call themselves by this name */
  named(name: string): string[]
  /** @returns the peer that a name of the list was bound to when it first let one in */
  boundTo?(name: string): string | undefined
}

export interface Refusal {
  rule: keyof Rules
  why: string
}

/** @param caller undefined for a run of this peer @returns the first rule that forbids a part of the run */
export async function refusalOf(
  rules: Rules,
  { caller, tools }: { caller?: Caller; tools: Assignment[] },
  machine: Machine
): Promise<Refusal | undefined> {
  const refusal = caller && refuseController(rules, caller)
  if (refusal != null) return refusal
  const brings = tools.find(
    ({ tool, options: { command, bundle, options = [] } }) => (bundle ?? command ?? machine.runs(tool, options)) != null
  )
  const beyond = caller && brings && refuseWorkloads(rules, brings, machine)
  if (beyond != null) return beyond
  for (const each of tools) {
    const refused = await refuseTool(rules, each, machine)
    if (refused != null) return refused
  }
  return undefined
}

/** Peers choose their names: one that is bound means its peer, and one of two peers that is not bound neither. */
function refuseController({ controllers }: Rules, caller: Caller): Refusal | undefined {
  const { peer } = caller
  if (controllers === true || listOf(controllers).includes(peer)) return undefined
  if (namesOf(controllers, caller).length > 0) return undefined
  const claimed = listOf(controllers).find(name => caller.named(name).includes(peer))
  if (claimed == null) return { rule: 'controllers', why: `does not name ${peer}` }
  const bound = caller.boundTo?.(claimed)
  const who = bound == null ? `as ${caller.named(claimed).length} peers call themselves` : `which is ${bound} here`
  return { rule: 'controllers', why: `names ${claimed}, ${who}: to let this one in, name its id ${peer}` }
}

/** @returns the names of the list that let the caller in */
export function namesOf(controllers: Rules['controllers'], { peer, named, boundTo }: Caller): string[] {
  return listOf(controllers === true ? [] : controllers).filter(name => {
    const bound = boundTo?.(name)
    return bound == null ? named(name).length === 1 && named(name)[0] === peer : bound === peer
  })
}

/** What others bring runs where it can be kept apart, or where the owner says that it need not. */
function refuseWorkloads(
  { workloads = 'guarded' }: Rules,
  { tool }: Assignment,
  machine: Machine
): Refusal | undefined {
  if (workloads === false) return { rule: 'workloads', why: `lets no program of others run, as tool ${tool} would` }
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
  const program = machine.runs(tool, words)
  const refused = program && (await refuseProgram(rules, program, `which options of tool ${tool} run`, machine))
  if (refused != null) return refused
  for (const path of words.flatMap(pathsIn)) {
    if (!(await isAllowedPath(rules.paths, path, machine))) {
      return { rule: 'paths', why: `has no folder with ${shortened(path)}, an option of tool ${tool}` }
    }
  }
  return undefined
}

const listOf = (rule: false | string[]) => (rule === false ? [] : rule)

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
