/** What was not measured alike in the groups of a comparison: a difference of the numbers may come from there. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { BakError } from '../../protocols/errors.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { formatCommand, formatLabels } from '../format.ts'
import { describeWorkload } from '../instances.ts'
import { taskDifferences } from './alike-tasks.ts'
import { type Group, keysOf, type Selection } from './groups.ts'

/** What --despite may name. */
export const ASPECTS = ['roster', 'workload', 'parameters', 'partial'] as const
export type Aspect = (typeof ASPECTS)[number]

export interface Unlike {
  aspect: Aspect
  text: string
}

const MAX_NAMED = 4

/** @returns each once, against the first run of the first group */
export function unlikeIn(groups: Group[]): Unlike[] {
  const [base] = groups
  const [first] = base?.selections ?? []
  if (base == null || first == null) return []
  const keyOf = keysOf(groups)
  const found = groups.flatMap(({ label, selections }) =>
    selections.flatMap(each => {
      const against = base.selections.find(one => keyOf(one) === keyOf(each))
      const [a, b] = [nameOf(base.label, first, base), nameOf(label, each, { label, selections })]
      return [
        ...(each.result.run === first.result.run ? [] : betweenRuns(first.result.record, each.result.record, a, b)),
        ...(against == null || against === each ? [] : betweenIterations(against, each, a, b))
      ]
    })
  )
  return [...new Map([...found, ...partialIn(groups)].map(each => [each.text, each])).values()]
}

/** The label; of a group of several runs with the run. */
const nameOf = (label: string, { result }: Selection, { selections }: Group) =>
  new Set(selections.map(each => each.result.run)).size === 1 ? label : `${label} (${result.run})`

function betweenRuns(one: RunRecord, other: RunRecord, a: string, b: string): Unlike[] {
  const text = (aspect: Aspect, what: string) => ({ aspect, text: `${aspect}: ${what}` })
  return [
    ...rosters(one, other, a, b).map(what => text('roster', what)),
    ...workloads(one, other, a, b).map(what => text('workload', what))
  ]
}

function rosters(one: RunRecord, other: RunRecord, a: string, b: string): string[] {
  const [mine, theirs] = [one, other].map(({ roster }) => new Map(roster.map(each => [each.peer, each]))) as [
    Map<string, RunRecord['roster'][number]>,
    Map<string, RunRecord['roster'][number]>
  ]
  const only = (from: typeof mine, not: typeof mine) =>
    [...from.values()].filter(({ peer }) => !not.has(peer)).map(({ name }) => name)
  const [onlyA, onlyB] = [only(mine, theirs), only(theirs, mine)]
  const replaced = onlyA.filter(name => onlyB.includes(name))
  const moved = [...mine.values()].flatMap(({ peer, name, workloads: before = [] }) => {
    const entry = theirs.get(peer)
    const now = entry?.workloads ?? []
    const shown = (list: typeof before) =>
      list.map(each => (each.instances === 1 ? each.name : `${each.name} x${each.instances}`)).join(' ') || 'nothing'
    return entry == null || shown(before) === shown(now)
      ? []
      : [`${name} runs ${shown(before)} in ${a} and ${shown(now)} in ${b}`]
  })
  const loading = [one, other].map(({ roster }) =>
    roster.filter(({ load }) => load != null).map(({ name }) => name)
  ) as [string[], string[]]
  const isDriven = one.spec.command != null && other.spec.command != null
  return [
    ...replaced.map(name => `${name} is one peer in ${a} and another in ${b}`),
    ...onlyIn(onlyA, replaced, a),
    ...onlyIn(onlyB, replaced, b),
    ...moved,
    ...loadersApart(loading, a, b),
    ...(isDriven && one.controller.peer !== other.controller.peer
      ? [`the command runs on ${one.controller.name} in ${a} and on ${other.controller.name} in ${b}`]
      : [])
  ]
}

/** More machines that load are another load, also at the same rate. */
function loadersApart([before, now]: [string[], string[]], a: string, b: string): string[] {
  if (before.length === 0 || now.length === 0 || isDeepStrictEqual(before.toSorted(), now.toSorted())) return []
  return [`clients are on ${listInWords(before, MAX_NAMED)} in ${a}, on ${listInWords(now, MAX_NAMED)} in ${b}`]
}

function onlyIn(names: string[], replaced: string[], label: string): string[] {
  const rest = names.filter(name => !replaced.includes(name))
  return rest.length === 0 ? [] : [`${listInWords(rest, MAX_NAMED)} in ${label} only`]
}

function workloads(
  { spec: one, ...before }: RunRecord,
  { spec: other, ...now }: RunRecord,
  a: string,
  b: string
): string[] {
  const shown = (command: string | string[] | undefined) => (command == null ? 'no command' : formatCommand(command))
  const staged = ({ staged }: Pick<RunRecord, 'staged'>) =>
    new Map(
      (staged?.contents ?? []).filter(({ tool }) => tool == null).map(each => [`${each.for ?? ''}:${each.path}`, each])
    )
  const [old, young] = [staged(before), staged(now)]
  const contents = [...new Set([...old.keys(), ...young.keys()])].filter(
    key => old.get(key)?.digest !== young.get(key)?.digest
  )
  const paths = contents.map(key => (old.get(key) ?? young.get(key))?.path ?? '')
  return [
    ...(isDeepStrictEqual(one.command, other.command)
      ? []
      : [`${shown(one.command)} in ${a}, ${shown(other.command)} in ${b}`]),
    ...(isDeepStrictEqual(one.workload, other.workload) ? [] : [workloadsApart(one.workload, other.workload, a, b)]),
    ...taskDifferences(one, other, a, b),
    ...(one.ends === other.ends ? [] : [`waits for ${one.ends} clients in ${a}, for ${other.ends} in ${b}`]),
    ...(paths.length === 0 ? [] : [`other contents of ${listInWords(paths, MAX_NAMED)}`])
  ]
}

type Workloads = RunRecord['spec']['workload']

function workloadsApart(one: Workloads, other: Workloads, a: string, b: string): string {
  const shown = (list: Workloads) => list.map(describeWorkload).join('; ') || 'none'
  const [before, now] = [shown(one), shown(other)]
  if (before !== now) return `${before} in ${a}, ${now} in ${b}`
  const changed = one.filter((each, i) => !isDeepStrictEqual(each, other[i])).map(({ name }) => name)
  return `other settings of ${listInWords(changed, MAX_NAMED)}`
}

function betweenIterations(one: Selection, other: Selection, a: string, b: string): Unlike[] {
  if (one.named && other.named) return []
  const [before, now] = [describeSetting(one), describeSetting(other)]
  if (before === now) return []
  const of = one.iteration.name === other.iteration.name ? ` of ${one.iteration.name}` : ''
  return [{ aspect: 'parameters', text: `parameters${of}: ${before} in ${a}, ${now} in ${b}` }]
}

/** `bs=4k depth=8 --size 4k` */
export const describeSetting = ({ iteration: { params, args } }: Selection): string =>
  [formatLabels(params), formatCommand(args)].filter(text => text !== '').join(' ') || 'none'

function partialIn(groups: Group[]): Unlike[] {
  const isPartial = ({ selections }: Group) => selections.some(({ result }) => result.record.partial)
  const partial = groups.filter(isPartial)
  if (partial.length === 0 || partial.length === groups.length) return []
  return [{ aspect: 'partial', text: `partial: ${partial.map(describePartial).join('; ')}` }]
}

/** `B lacks d (stop: lost)` */
export function describePartial({ label, selections }: Group): string {
  const records = [...new Map(selections.map(({ result }) => [result.run, result.record])).values()]
  const lacking = records.flatMap(({ excluded, shortfalls }) => [
    ...excluded.map(({ name, phase, code }) => `${name} (${phase}: ${code})`),
    ...shortfalls.map(({ what, member }) => `${what}${member == null ? '' : ` of ${member}`}`)
  ])
  return `${label} lacks ${listInWords([...new Set(lacking)], MAX_NAMED) || 'parts of what was asked for'}`
}

/** @throws {BakError} `usage` where something is not alike that nobody has said may be so */
export function refuseUnlike(unlike: Unlike[], despite: readonly Aspect[]): void {
  const refused = unlike.filter(({ aspect }) => !despite.includes(aspect))
  if (refused.length === 0) return
  const aspects = [...new Set(refused.map(({ aspect }) => aspect))].join(',')
  const lines = refused.map(({ text }) => text)
  throw new BakError(
    'usage',
    `not measured alike:\n${lines.join('\n')}\n--despite ${aspects} compares all the same, and says so first`
  )
}
