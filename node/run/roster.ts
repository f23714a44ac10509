/** The members that are asked to join, their tools, and their order in the manifest. Pure. */
import { BakError } from '../../protocols/errors.ts'
import type { Registration } from '../../protocols/hello.ts'
import type { Assignment, Candidate, Capabilities, RosterEntry } from '../../protocols/manifest.ts'
import { own } from '../../protocols/own.ts'
import { expandTools, type Quorum, type Spec } from '../../protocols/spec.ts'
import { neededOf } from './quorum.ts'
import { parseSelector, type Selectable } from './selector.ts'

export interface Candidacy extends Selectable {
  shown: string
  registered: Registration[]
}

/** What runs where nothing was asked for and nothing is registered: it needs nothing installed. */
const FALLBACK = ['proc']

/** @returns the peers that the selector and the groups name, in order of names, each with its tools */
export function candidatesOf(spec: Spec, members: Candidacy[]): Candidate[] {
  const takesPart = parseSelector(spec.on)
  const groups = spec.groups.map(group => ({ ...group, fits: parseSelector(group.on) }))
  return members
    .filter(member => takesPart(member))
    .sort((a, b) => (a.shown < b.shown ? -1 : 1))
    .map(member => {
      const inGroups = groups.filter(group => group.fits(member))
      const tools = [
        ...defaultTools(spec, member),
        ...inGroups.flatMap(group => assign(spec, group.name, expandTools(group.tools)))
      ]
      return { peer: member.peer, name: member.shown, tools: once(tools) }
    })
}

/** The controller runs the workload, whether a selector names it or not. */
export function withDriver(candidates: Candidate[], peer: string, name: string): Candidate[] {
  if (candidates.some(candidate => candidate.peer === peer)) return candidates
  return [...candidates, { peer, name, tools: [], driver: true }]
}

/** The quorum is of those whom a selector names; a controller that only drives is needed on top. */
export function neededBy(quorum: Quorum, candidates: Candidate[]): number {
  const drivers = candidates.filter(candidate => candidate.driver === true).length
  return neededOf(quorum, candidates.length - drivers) + drivers
}

/** @returns the ranked roster of those who joined */
export function freeze(candidates: Candidate[], joined: Map<string, Capabilities>): RosterEntry[] {
  return candidates
    .flatMap(candidate => {
      const capabilities = joined.get(candidate.peer)
      return capabilities == null ? [] : [{ ...candidate, capabilities }]
    })
    .map((entry, rank) => ({ ...entry, rank }))
}

function defaultTools(spec: Spec, member: Candidacy): Assignment[] {
  if (spec.tools != null) return assign(spec, 'default', expandTools(spec.tools))
  const registered = member.registered.filter(each => each.group === 'default')
  if (registered.length === 0) return spec.groups.length > 0 ? [] : assign(spec, 'default', FALLBACK)
  return registered.map(({ tool, options }) => ({
    group: 'default',
    tool,
    options: { ...own(spec.tool, tool), ...(options.length > 0 ? { options } : {}) }
  }))
}

function assign(spec: Spec, group: string, tools: string[]): Assignment[] {
  return tools.map(tool => ({ group, tool, options: own(spec.tool, tool) ?? {} }))
}

function once(tools: Assignment[]): Assignment[] {
  const seen = new Set<string>()
  return tools.filter(({ group, tool }) => !seen.has(`${group}/${tool}`) && seen.add(`${group}/${tool}`))
}

/** @throws {BakError} `bad-run-file` for a tool whose options speak of one that no group runs */
export function checkTools(spec: Spec): void {
  const named = new Set([...expandTools(spec.tools ?? FALLBACK), ...spec.groups.flatMap(g => expandTools(g.tools))])
  for (const tool of Object.keys(spec.tool)) {
    if (spec.tools != null && !named.has(tool)) {
      throw new BakError(
        'bad-run-file',
        `tool.${tool}: no group runs this tool; add it to tools, or take its table out`
      )
    }
  }
}
