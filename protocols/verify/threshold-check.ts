/** What the record says of its thresholds held against what was measured: the results that were answered, and the files of series. */
import { RECORD_FILE, stepFolder } from '../layout.ts'
import { metricSamples } from '../metric-samples.ts'
import type { RunRecord } from '../record.ts'
import { askedOfTools, isAboutTools, judgeThresholds } from '../thresholds/judge.ts'
import type { Decision } from '../thresholds/threshold.ts'
import { readTools } from '../thresholds/tool-readings.ts'
import { same } from './proven-run.ts'
import type { Fault } from './report.ts'

/** @param dir the folder of the result */
export async function checkThresholds(dir: string, record: RunRecord): Promise<Fault[]> {
  const { spec, verdict, thresholds = [] } = record
  const asked = spec.threshold ?? []
  const wrong = (what: string) => ({ where: RECORD_FILE, what })
  if (asked.length === 0)
    return verdict === 'threshold' || thresholds.length > 0
      ? [wrong('it tells of thresholds, and its spec has none')]
      : []
  // of a run that was cut off nobody may have judged anything
  if (verdict === 'failed') return []
  const all = metricSamples(record)
  const ofTools = new Map([...asked.entries()].filter(([, each]) => isAboutTools(each, all)))
  const steps = new Map(record.workload.map(({ step }) => [stepFolder(step), step]))
  const members = record.roster.map(({ name }) => name)
  const readings = []
  for (const step of steps.values())
    if (!step.warmup) readings.push(await readTools(dir, step, members, askedOfTools(spec)))
  const found = judgeThresholds(record, readings)
  // data of tools that came after the verdict may show a metric of workloads to be one of tools, too
  const early = record.partial ? judgeThresholds(record, []) : found
  const isSame =
    thresholds.length === found.length &&
    thresholds.every(
      (told, i) => isTrue(told, found[i], ofTools) || (!ofTools.has(told.threshold) && same(told, early[i]))
    )
  // what came between the verdict and the end of a task that was cut short may have mended it
  const wasCut = record.workload.some(({ member, name, stopped }) => member == null && name != null && stopped)
  const notMet = thresholds.some(({ outcome }) => outcome !== 'met')
  return [
    ...(isSame ? [] : [wrong('what it tells of its thresholds is not what was measured')]),
    ...(verdict === 'ok' && notMet ? [wrong('its verdict is ok, and a threshold was not met')] : []),
    ...(verdict === 'threshold' && !notMet && !wasCut
      ? [wrong('its verdict is that of a threshold, and all were met')]
      : [])
  ]
}

/** What of tools was not decided, or was missed already, may look worse or better by what came later: that changes no verdict. */
function isTrue(told: Decision, found: Decision | undefined, ofTools: Map<number, unknown>): boolean {
  if (!ofTools.has(told.threshold) || told.outcome === 'met') return same(told, found)
  const { threshold, iteration } = told
  const isOfSame =
    found != null && same({ threshold, iteration }, { threshold: found.threshold, iteration: found.iteration })
  return isOfSame && (told.outcome === 'undecided' || found.outcome === 'missed')
}
