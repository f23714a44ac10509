/**
 * What the owner of this machine lets a run do here: `[allow]` of config.toml. It has the last word, whatever the role of who
 * asks. It holds for the runs of this peer itself, too, but for `controllers` and for the workload, which its owner typed.
 */
import { isAbsolute, join } from 'node:path'
import type { AllowSettings } from '../../protocols/config-file.ts'
import type { Availability } from '../../protocols/hello.ts'
import type { Assignment } from '../../protocols/manifest.ts'
import { expandTools } from '../../protocols/spec.ts'
import { globOf } from '../glob.ts'
import { type InspectPath, isInside, realPath } from './real-path.ts'

/** Longer paths do not exist, path_resolution(7). */
const MAX_PATH = 4096

export type Rules = Required<AllowSettings>

/** What a decision needs to know of the machine. */
export interface Machine {
  look?: InspectPath
  /** @returns the path of the program that a name means here */
  find(name: string): Promise<string | undefined>
  /** @returns the words of a program that a tool would run with these options */
  runs(tool: string, options: string[]): string[] | undefined
}

export interface Caller {
  peer: string
  /** @returns the peers that are here and call themselves so */
  named(name: string): string[]
}

export interface Refusal {
  rule: keyof Rules
  why: string
}

/** @returns the first rule that is against a part of what a run asks of this peer; @param caller nobody for a run of its own */
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

/** A name is what a peer calls itself: where two do, it is nobody's. */
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
    if (path != null && !(await isLetIn(rules, path, machine))) {
      return { rule: 'paths', why: `has no folder with ${shown(path)}, an option of tool ${tool}` }
    }
  }
  return undefined
}

async function refuseProgram(rules: Rules, argv: string[], what: string, machine: Machine) {
  const inner = wordsOfShell(argv)
  const program = (inner ?? argv)[0] ?? ''
  const readings = [argv[0] ?? '', program]
  const allowed = await Promise.all(readings.map(each => mayRun(rules.exec, each, machine)))
  if (!allowed.includes(true)) return { rule: 'exec' as const, why: `does not name ${shown(program)}, ${what}` }
  if (!program.includes('/') || (await isLetIn(rules, program, machine))) return undefined
  return { rule: 'paths' as const, why: `has no folder with ${shown(program)}, ${what}` }
}

async function mayRun(exec: Rules['exec'], program: string, machine: Machine): Promise<boolean> {
  if (typeof exec === 'boolean') return exec
  if (program.length > MAX_PATH) return false
  const path = program.includes('/') ? program : await machine.find(program)
  const place = path && (await placeOf(path, machine.look))
  const name = program.slice(program.lastIndexOf('/') + 1)
  for (const pattern of exec) {
    if (pattern.includes('/')) {
      const wanted = await placeOf(pattern, machine.look, pattern.indexOf('*'))
      if (place != null && wanted != null && globOf(wanted)(place)) return true
    } else if (globOf(pattern)(name)) {
      // a name is what the PATH makes of it, wherever else a program of that name may lie
      if (program === name) return true
      const found = await machine.find(name)
      if (found != null && place != null && (await placeOf(found, machine.look)) === place) return true
    }
  }
  return false
}

/**
 * The folder without links and dots, and the last name as it stands: a program that is a link is what the folder's owner
 * put there, and some programs do what their name says.
 *
 * @param stars where the first star of a pattern is; what stands before it is a path
 */
async function placeOf(path: string, look?: InspectPath, stars = -1): Promise<string | undefined> {
  if (!isAbsolute(path) || path.split('/').includes('..')) return undefined
  const end = path.lastIndexOf('/', stars < 0 ? path.length : stars)
  const folder = await realPath(path.slice(0, end + 1), look)
  return folder && join(folder, path.slice(end + 1))
}

async function isLetIn({ paths }: Rules, path: string, { look }: Machine): Promise<boolean> {
  return paths === true || isInside(path, listOf(paths), look)
}

const listOf = (rule: false | string[]) => (rule === false ? [] : rule)

const isListed = (rule: Rules['tools'], tool: string) =>
  typeof rule === 'boolean' ? rule : expandTools(rule).some(pattern => globOf(pattern)(tool))

/** What `--tool` makes of a line: where no letter of it is special to a shell, it runs just these words. */
function wordsOfShell([shell, flag, line, ...more]: string[]): string[] | undefined {
  if (shell !== '/bin/sh' || flag !== '-c' || line == null || more.length > 0) return undefined
  if (!/^[\w@%+=:,./ -]+$/.test(line)) return undefined
  const words = line.split(' ').filter(word => word !== '')
  // NAME=value before a program would change what runs
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

const shown = (word: string) => (word.length > 100 ? `${word.slice(0, 100)}...` : word)

/** @returns the refusal as the one who asked reads it: which rule it is, and where to change it */
export function explain({ rule, why }: Refusal, file: string): string {
  return `allow.${rule} ${why}; it is set in ${file} or by --allow-${rule}`
}

/** @returns what can be observed here, without what may not be */
export function limitTools({ tools: rule }: Rules, tools: Availability[], file: string): Availability[] {
  return tools.map(each => {
    if (isListed(rule, each.tool)) return each
    const why = explain({ rule: 'tools', why: `does not name ${each.tool}` }, file)
    return { ...each, usable: false, reason: `${each.tool}: ${why}` }
  })
}
