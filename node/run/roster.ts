/** The members that are asked to join, their tools, and their order in the manifest. Pure. */
import { asBakError, BakError } from '../../protocols/errors.ts'
import type { Availability, Registration } from '../../protocols/hello.ts'
import type { Assignment, Candidate, Capabilities, RosterEntry } from '../../protocols/manifest.ts'
import { nearest } from '../../protocols/nearest.ts'
import { forMember, variantsOf } from '../../protocols/overridden.ts'
import { expandTools, isToolset, optionsOf, type Spec } from '../../protocols/spec.ts'
import type { Quorum } from '../../protocols/spec-fields.ts'
import { inWords } from '../../protocols/toml-file.ts'
import type { ToolOptions } from '../../protocols/tool-options.ts'
import { findTool, listTools } from '../tools/index.ts'
import { assignmentOf } from '../tools/registrable.ts'
import { settingsOf } from '../tools/settings-of.ts'
import { loaderShortages, rankLoaders, rerankLoaders } from '../work/tasks/loaders.ts'
import { assignWorkloads, rerank, shortagesOf } from '../work/workloads/assign.ts'
import { unplacedJobs } from './jobs/run-jobs.ts'
import { neededOf } from './quorum.ts'
import { parseSelector, type Selectable } from './selector.ts'

export interface Candidacy extends Selectable {
  shown: string
  registered: Registration[]
}

/** Jobs that nobody may run, as far as they are named. */
const MAX_UNPLACED = 8
/** What runs where nothing was asked for and nothing is registered: it needs nothing installed. */
const FALLBACK = ['proc']

/** @returns the peers that the selector and the groups name, in order of names, each with its tools and workloads */
export function candidatesOf(spec: Spec, members: Candidacy[]): Candidate[] {
  const takesPart = parseSelector(spec.on)
  const groups = spec.groups.map(group => ({ ...group, fits: parseSelector(group.on) }))
  const selected = members.filter(member => takesPart(member)).sort((a, b) => (a.shown < b.shown ? -1 : 1))
  const placed = assignWorkloads(spec, selected, parseSelector)
  const loaders = rankLoaders(spec, selected, parseSelector)
  return selected.map((member, i) => {
    const inGroups = groups.filter(group => group.fits(member))
    const tools = [
      ...defaultTools(spec, member),
      ...inGroups.flatMap(group => assign(spec, group.name, expandTools(group.tools)))
    ]
    const workloads = placed[i] ?? []
    const load = loaders[i]
    return {
      ...{ peer: member.peer, name: member.shown, tools: once(tools).map(each => onMember(each, member)) },
      ...(inGroups.length > 0 && spec.workload.length > 0 ? { groups: inGroups.map(({ name }) => name) } : {}),
      ...(workloads.length > 0 ? { workloads } : {}),
      ...(load == null ? {} : { load }),
      // also where none fits it: it may know results of them, or have what they made
      ...(spec.job.length > 0 ? { jobs: true as const } : {})
    }
  })
}

const onMember = ({ options, ...rest }: Assignment, member: Candidacy): Assignment => ({
  ...rest,
  options: forMember(options, on => parseSelector(on)(member))
})

/** @returns why workloads, tasks or jobs cannot run with these members, a line for each mistake; undefined if they can */
export function whyNotPlaced(spec: Spec, members: Candidacy[]): string | undefined {
  const selected = members.filter(parseSelector(spec.on))
  const lacking = [
    ...shortagesOf(spec, selected, parseSelector),
    ...loaderShortages(spec, selected, parseSelector),
    ...unplacedJobs(spec, selected).slice(0, MAX_UNPLACED)
  ]
  return lacking.length === 0 ? undefined : lacking.map(inWords).join('\n')
}

/** The controller drives the run, whether a selector names it or not. */
export function withDriver(candidates: Candidate[], peer: string, name: string): Candidate[] {
  if (candidates.some(candidate => candidate.peer === peer)) return candidates
  return [...candidates, { peer, name, tools: [], driver: true }]
}

/** @returns the controller if it only drives: no member, and needed all the same */
export const driversOf = (candidates: Candidate[]): string[] =>
  candidates.filter(({ driver }) => driver).map(({ peer }) => peer)

/**
 * The quorum is of those whom a selector means; a controller that only drives is needed on top.
 * @param size how many it means; all candidates that do not only drive where it is left out
 */
export function neededBy(quorum: Quorum, candidates: Candidate[], size = 0): number {
  const drivers = driversOf(candidates).length
  return neededOf(quorum, Math.max(size, candidates.length - drivers)) + drivers
}

/** @returns the groups whose registered tools run; a run that says what is measured gets nothing that is registered mixed into it */
export function registeredGroups({ group, tools, groups }: Pick<Spec, 'group' | 'tools' | 'groups'>): string[] {
  if (group != null) return group
  return tools != null || groups.some(each => each.tools.length > 0) ? [] : ['default']
}

/** @returns the groups of a spec in which no member is */
export function emptyGroups(spec: Spec, members: Candidacy[]): Array<{ name: string; on: string }> {
  const selected = members.filter(parseSelector(spec.on))
  return spec.groups.filter(({ on }) => !selected.some(parseSelector(on)))
}

/** @returns the ranked roster of those who joined */
export function freeze(candidates: Candidate[], joined: Map<string, Capabilities>): RosterEntry[] {
  const entries = candidates.flatMap((candidate, rank) => {
    const capabilities = joined.get(candidate.peer)
    return capabilities == null ? [] : [{ ...candidate, rank, capabilities }]
  })
  return rerankLoaders(rerank(entries)).map((entry, rank) => ({ ...entry, rank }))
}

function defaultTools(spec: Spec, member: Candidacy): Assignment[] {
  const named = assign(spec, 'default', expandTools(spec.tools ?? []))
  const groups = registeredGroups(spec)
  const registered = groups.flatMap(group => registeredFor(group, spec, member))
  if (spec.group != null || groups.length === 0) return [...named, ...registered]
  return registered.length > 0 ? registered : assign(spec, 'default', FALLBACK)
}

function registeredFor(group: string, spec: Spec, member: Pick<Candidacy, 'registered'>): Assignment[] {
  return member.registered
    .filter(each => each.group === group)
    .map(each => {
      const assignment = assignmentOf(each)
      // a key of the run file is more than what was registered, but for the words
      const options = { ...assignment.options, ...optionsOf(spec, each.tool) }
      const { command, options: words } = assignment.options
      return {
        ...assignment,
        options: { ...options, ...(command == null ? {} : { command }), ...(words == null ? {} : { options: words }) },
        ...(each.label == null ? {} : { label: each.label })
      }
    })
}

/** @returns what a member is called in its groups of tools */
export const labelsOf = (tools: Assignment[]): string[] => [...new Set(tools.flatMap(({ label }) => label ?? []))]

function assign(spec: Spec, group: string, tools: string[]): Assignment[] {
  return tools.map(tool => ({ group, tool, options: optionsOf(spec, tool) }))
}

function once(tools: Assignment[]): Assignment[] {
  const seen = new Set<string>()
  return tools.filter(({ group, tool }) => !seen.has(`${group}/${tool}`) && seen.add(`${group}/${tool}`))
}

/** @throws {BakError} `bad-run-file` for options of a tool that no group runs; `usage` for tools and groups that no peer knows */
export function checkTools(
  spec: Spec,
  members: Array<Pick<Candidacy, 'registered'> & { tools: Availability[] }>
): void {
  checkOptions(spec)
  const registered = members.flatMap(member => member.registered)
  const empty = (spec.group ?? []).find(group => !registered.some(each => each.group === group))
  if (empty != null) {
    const groups = [...new Set(registered.map(each => each.group))]
    const known = groups.length === 0 ? 'no tools are registered' : `there are ${groups.join(', ')}`
    throw new BakError('usage', `group ${empty}: no peer has tools registered for it; ${known}: bak tools register`)
  }
  const known = new Set([
    ...listTools().map(({ name }) => name),
    ...members.flatMap(({ tools }) => tools.map(({ tool }) => tool))
  ])
  // names in sets are only names: who cannot run one of them says so when it joins
  const asked = [...(spec.tools ?? []), ...spec.groups.flatMap(({ tools }) => tools)].filter(each => !isToolset(each))
  const unknown = asked.find(tool => !known.has(tool) && optionsOf(spec, tool).command == null)
  if (unknown != null) throw new BakError('usage', whyUnknown(unknown, [...known]))
  checkSettings(spec)
}

/** A tool that only a member knows is checked there. */
function checkSettings({ tool: tables }: Spec): void {
  const mistakes = Object.entries(tables).flatMap(([name, options]) => whyWrong(name, options) ?? [])
  if (mistakes.length > 0) throw new BakError('bad-run-file', mistakes.join('\n'))
}

function whyWrong(name: string, options: ToolOptions): string | undefined {
  if (options.command == null && !listTools().some(each => each.name === name)) return undefined
  try {
    for (const each of variantsOf(options)) settingsOf(findTool(name, each), each)
    return undefined
  } catch (cause) {
    return asBakError(cause).message
  }
}

function whyUnknown(tool: string, known: string[]): string {
  const near = nearest(tool, known)
  const hint = near == null ? `known are ${known.join(', ')}` : `did you mean ${near}?`
  return `${tool}: no peer knows this tool; ${hint}; for one of your own: --tool "${tool}=COMMAND"`
}

function checkOptions(spec: Spec): void {
  const named = new Set([...expandTools(spec.tools ?? FALLBACK), ...spec.groups.flatMap(g => expandTools(g.tools))])
  for (const tool of Object.keys(spec.tool)) {
    if (spec.tools != null && spec.group == null && !named.has(tool)) {
      throw new BakError(
        'bad-run-file',
        `tool.${tool}: no group runs this tool; add it to tools, or take its table out`
      )
    }
  }
}
