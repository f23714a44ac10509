/** Opens the results that are named, and compares their samples. */
import { BakError } from '../../protocols/errors.ts'
import { stepFolder } from '../../protocols/layout.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { Better } from '../../protocols/metric.ts'
import type { Context } from '../command.ts'
import { measure } from '../result/measure.ts'
import { openResult, type Result } from '../result/open-result.ts'
import { type ResourceName, resources } from '../result/resources.ts'
import { type Aspect, refuseUnlike, unlikeIn } from './alike.ts'
import { type ComparedMetrics, compareMetrics, metricNames } from './compare-metrics.ts'
import { compareResources, type ResourceValue } from './compare-resources.ts'
import { type Comparison, factsOfGroup, sequencesOf, warningsOf } from './comparison.ts'
import { readEnvironment } from './environment.ts'
import { type Condition, decide, isMeant } from './gate.ts'
import { type Group, keysOf, readGroups } from './groups.ts'
import { compareTasks } from './percentiles.ts'
import { readProfiles } from './profiles.ts'
import { compareSpeeds } from './speed.ts'
import { readCurves } from './task-curves.ts'
import { type Trace, tracePoints } from './traces.ts'

interface Asked {
  threshold: number
  despite: Aspect[]
  conditions: Condition[]
  /** By metric, or a pattern. */
  better: Record<string, Better>
  /** Names, their last parts or patterns; the main ones where it is empty. */
  metrics: string[]
  withResources: boolean
  /** Whether what is drawn is kept, too. */
  withPictures: boolean
  /** Whether a word is the folder of a result. */
  isFolder: (word: string) => boolean
}

const MAX_NAMED = 12

/** @throws {BakError} `no-such-run`, `damaged`, `usage` for what cannot be compared so */
export async function compareResults(
  context: Pick<Context, 'home' | 'ask'>,
  words: string[],
  asked: Asked
): Promise<Comparison> {
  const opened = new Map<string, Result>()
  const open = async (reference: string) => {
    const result = await openResult(context, reference)
    // one result, however it is called
    const known = opened.get(result.folder) ?? result
    opened.set(result.folder, known)
    return known
  }
  const groups = await readGroups(words, open, asked.isFolder)
  const unlike = unlikeIn(groups)
  refuseUnlike(unlike, asked.despite)
  const { threshold, metrics: wanted, better } = asked
  const isIn = (names: string[]) => (metric: string) => names.some(each => isMeant(each, metric))
  const isWanted = wanted.length === 0 ? undefined : isIn(wanted)
  const isNamed = isIn(asked.conditions.flatMap(({ metric }) => metric ?? []))
  const betterOf = (metric: string) => Object.entries(better).find(([name]) => isMeant(name, metric))?.[1]
  const workload = compareMetrics(groups, { threshold, isWanted, isNamed, betterOf })
  refuseNothing(groups, workload, asked)
  const { values, unread, traces } = asked.withResources
    ? await readResources(groups, asked.withPictures)
    : { values: [], unread: [], traces: [] }
  return {
    ...{ threshold, unlike, workload, tasks: compareTasks(groups) },
    groups: groups.map(factsOfGroup),
    warnings: warningsOf(groups, workload, unread),
    sequences: sequencesOf(groups),
    environment: await readEnvironment(groups),
    speeds: compareSpeeds(groups),
    resources: compareResources(values, groups[0]?.label ?? ''),
    ...(asked.withPictures
      ? { pictures: { traces, profiles: await readProfiles(groups), curves: await readCurves(groups) } }
      : {}),
    gates: asked.conditions.map(each => decide(each, workload.metrics, workload.tests, threshold))
  }
}

/** What was asked for by name and is in no group, or in one only, has no answer. */
function refuseNothing(
  groups: Group[],
  { metrics, others }: ComparedMetrics,
  { metrics: wanted, conditions, better }: Asked
): void {
  const names = [...metrics.map(({ metric }) => metric), ...others]
  const asked = [
    ...wanted.map(each => ({ flag: '--metric', each })),
    ...conditions.flatMap(({ metric }) => (metric == null ? [] : [{ flag: '--fail-on', each: metric }])),
    ...Object.keys(better).map(each => ({ flag: '--better', each }))
  ]
  const nothing = asked.find(({ each }) => !names.some(name => isMeant(each, name)))
  if (nothing == null) return
  const labels = groups.map(({ label }) => label).join(' and ')
  const all = metricNames(groups)
  const there = all.length === 0 ? 'they have none' : `they have ${listInWords(all, MAX_NAMED)}`
  throw new BakError('usage', `${nothing.flag} ${nothing.each}: no such metric is in ${labels}: ${there}`)
}

/** What members used in each sample; results one after the other, since all points of one are in memory. */
async function readResources(
  groups: Group<Result>[],
  withTraces: boolean
): Promise<{ values: ResourceValue[]; unread: string[]; traces: Trace[] }> {
  const keyOf = keysOf(groups)
  const results = new Map(groups.flatMap(({ selections }) => selections.map(({ result }) => [result.run, result])))
  const values: ResourceValue[] = []
  const traces: Trace[] = []
  const unread: string[] = []
  for (const result of results.values()) {
    const found = await measure(result, Object.keys(resources) as ResourceName[])
    unread.push(...found.unread.map(({ member, reason }) => `no resources of ${member} in ${result.run}: ${reason}`))
    for (const { label, selections } of groups) {
      for (const selection of selections) {
        if (selection.result.run !== result.run) continue
        const own = found.measured.filter(({ step }) => step.number === selection.number)
        for (const { member, resource, value, device, step, ...points } of own) {
          const place = { label, iteration: keyOf(selection), member, resource }
          values.push({ ...place, device, value })
          if (!withTraces) continue
          traces.push({ ...place, sample: `${result.run} ${stepFolder(step)}`, ...tracePoints(points) })
        }
      }
    }
  }
  return { values, unread, traces }
}
