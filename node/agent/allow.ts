/**
 * What the owner of this machine allows a run to do here: `[allow]` of config.toml. It has the last word, whatever the role of
 * the controller. It holds for runs of this peer too, except for `controllers` and for the workload, which its owner typed.
 */
import { isAbsolute, join } from 'node:path'
import type { AllowSettings } from '../../protocols/config-file.ts'
import type { Availability } from '../../protocols/hello.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import { expandTools } from '../../protocols/spec.ts'
import { globOf } from '../glob.ts'
import { type InspectPath, isInside, realPath } from './real-path.ts'

/** Longest path in Linux; path_resolution(7). */
const MAX_PATH_LENGTH = 4096

export type Rules = Required<Omit<AllowSettings, 'archive'>>

/** What a decision depends on beside the rules. */
export interface Machine {
  inspect?: InspectPath
  /** @returns the path of the program with this name on the PATH */
  find(name: string): Promise<string | undefined>
  /** @returns the argv of a program that a tool would run because of these options */
  runs(tool: string, options: string[]): string[] | undefined
}

interface Caller {
  peer: string
  /** @returns the live peers that call themselves by this name */
  named(name: string): string[]
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
  for (const each of tools) {
    const refused = await refuseTool(rules, each, machine)
    if (refused != null) return refused
  }
  return undefined
}

/** Peers choose their names: a name of two peers identifies neither. */
function refuseController({ controllers }: Rules, { peer, named }: Caller): Refusal | undefined {
  if (controllers === true) return undefined
  const listed = listOf(controllers)
  if (listed.includes(peer)) return undefined
  const fitting = listed.map(name => ({ name, peers: named(name) })).filter(({ peers }) => peers.includes(peer))
  if (fitting.some(({ peers }) => peers.length === 1)) return undefined
  const [twin] = fitting
  const why =
    twin == null ? `does not name ${peer}` : `names ${twin.name}, as ${twin.peers.length} peers call themselves`
  return { rule: 'controllers', why }
}

async function refuseTool(rules: Rules, { tool, options }: Assignment, machine: Machine): Promise<Refusal | undefined> {
  if (rules.tools === false) return { rule: 'tools', why: 'lets no tool run' }
  if (options.command != null) return refuseProgram(rules, options.command, `the command of tool ${tool}`, machine)
  if (!isListed(rules.tools, tool)) return { rule: 'tools', why: `does not name ${tool}` }
  const words = options.options ?? []
  const program = machine.runs(tool, words)
  const refused = program && (await refuseProgram(rules, program, `which options of tool ${tool} run`, machine))
  if (refused != null) return refused
  for (const path of words.map(pathIn)) {
    if (path != null && !(await isAllowedPath(rules, path, machine))) {
      return { rule: 'paths', why: `has no folder with ${shortened(path)}, an option of tool ${tool}` }
    }
  }
  return undefined
}

async function refuseProgram(rules: Rules, argv: string[], what: string, machine: Machine) {
  const inner = wordsOfShell(argv)
  const program = (inner ?? argv)[0] ?? ''
  const readings = [argv[0] ?? '', program]
  const allowed = await Promise.all(readings.map(each => mayRun(rules.exec, each, machine)))
  if (!allowed.includes(true)) return { rule: 'exec' as const, why: `does not name ${shortened(program)}, ${what}` }
  if (!program.includes('/') || (await isAllowedPath(rules, program, machine))) return undefined
  return { rule: 'paths' as const, why: `has no folder with ${shortened(program)}, ${what}` }
}

async function mayRun(exec: Rules['exec'], program: string, machine: Machine): Promise<boolean> {
  if (typeof exec === 'boolean') return exec
  if (program.length > MAX_PATH_LENGTH) return false
  const path = program.includes('/') ? program : await machine.find(program)
  const place = path && (await placeOf(path, machine.inspect))
  const name = program.slice(program.lastIndexOf('/') + 1)
  for (const pattern of exec) {
    if (pattern.includes('/')) {
      const wanted = await placeOf(pattern, machine.inspect, pattern.indexOf('*'))
      if (place != null && wanted != null && globOf(wanted)(place)) return true
    } else if (globOf(pattern)(name)) {
      // a name means the program on the PATH, not one of that name in another folder
      if (program === name) return true
      const found = await machine.find(name)
      if (found != null && place != null && (await placeOf(found, machine.inspect)) === place) return true
    }
  }
  return false
}

/**
 * Resolves the folder, and keeps the last name: a link to a program was created by the owner of the folder, and some programs
 * act by the name under which they are called.
 *
 * @param stars index of the first star of a pattern; the part before it is a path
 */
async function placeOf(path: string, inspect?: InspectPath, stars = -1): Promise<string | undefined> {
  if (!isAbsolute(path) || path.split('/').includes('..')) return undefined
  const end = path.lastIndexOf('/', stars < 0 ? path.length : stars)
  const folder = await realPath(path.slice(0, end + 1), inspect)
  return folder && join(folder, path.slice(end + 1))
}

async function isAllowedPath({ paths }: Rules, path: string, { inspect }: Machine): Promise<boolean> {
  return paths === true || isInside(path, listOf(paths), inspect)
}

const listOf = (rule: false | string[]) => (rule === false ? [] : rule)

const isListed = (rule: Rules['tools'], tool: string) =>
  typeof rule === 'boolean' ? rule : expandTools(rule).some(pattern => globOf(pattern)(tool))

/** @returns the words of a command line for `/bin/sh -c` without characters that are special to a shell, as `--tool` makes them */
function wordsOfShell([shell, flag, line, ...more]: string[]): string[] | undefined {
  if (shell !== '/bin/sh' || flag !== '-c' || line == null || more.length > 0) return undefined
  if (!/^[\w@%+=:,./ -]+$/.test(line)) return undefined
  const words = line.split(' ').filter(word => word !== '')
  // NAME=value before a program could change what runs
  return words[0] == null || words[0].includes('=') ? undefined : words
}

/** @returns the part of an option that can be a path: `/x` of `-o/x`, of `--file=/x` and of `/x` itself */
function pathIn(word: string): string | undefined {
  const slash = word.indexOf('/')
  if (slash < 0) return undefined
  if (!word.startsWith('-')) return word
  const equals = word.indexOf('=')
  return word.slice(equals >= 0 && equals < slash ? equals + 1 : slash)
}

const shortened = (word: string) => (word.length > 100 ? `${word.slice(0, 100)}...` : word)

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
