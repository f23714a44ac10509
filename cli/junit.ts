/**
 * The result of a run as JUnit XML, which build servers read: a test case for the run itself, for each sample, for each threshold in each
 * iteration, for each job, and for what it was asked for.
 */
import type { JobEntry } from '../protocols/jobs/jobs-file.ts'
import { stepFolder } from '../protocols/layout.ts'
import { decisiveFailure } from '../protocols/matrix/decisive-failure.ts'
import { plannedSamples } from '../protocols/matrix/due-samples.ts'
import type { RunRecord } from '../protocols/record.ts'
import { describeShortfall } from '../protocols/shortfall.ts'
import { describeBounds, describeDecision, type Threshold } from '../protocols/thresholds/threshold.ts'
import { isTriggered } from '../protocols/triggered.ts'
import { failureOf, failuresIn, placeOf, type WorkEntry } from '../protocols/work-entry.ts'
import { formatVerdict } from './format.ts'
import { describeFailed, whyOfJob } from './jobs/causes.ts'
import { endedJob } from './jobs/job-entries.ts'
import { describeCounts, nameOfGraph, stateInWords } from './jobs/job-progress.ts'

/** How a case ended; nothing is passed. A failure is a result, an error is none. */
type Outcome = { tag: 'failure' | 'error' | 'skipped'; type?: string; message: string }

interface Case {
  /** The last part of its class. */
  group: 'run' | 'samples' | 'jobs' | 'thresholds' | 'completeness'
  name: string
  seconds?: number
  outcome?: Outcome
}

interface JunitOptions {
  /** What is missing that was asked for is a failure. */
  strict: boolean
  tags?: Record<string, string>
  /** What became of each job, where that can be read. */
  jobs?: JobEntry[]
}

/** @param record of a run that has ended. @returns the text of the file */
export function junitOf(record: RunRecord, { strict, tags = {}, jobs }: JunitOptions): string {
  const { run, name, controller, created, took = 0, spec } = record
  const cases = [
    runCase(record),
    ...sampleCases(record),
    ...jobCases(record, jobs),
    ...thresholdCases(record),
    wholeCase(record, strict)
  ]
  const count = (tag: Outcome['tag']) => cases.filter(({ outcome }) => outcome?.tag === tag).length
  const counts = { tests: cases.length, failures: count('failure'), errors: count('error'), skipped: count('skipped') }
  const time = seconds(took / 1000)
  const facts = { run, verdict: record.verdict, partial: record.partial, ...prefixed({ ...tags, ...spec.tags }) }
  const properties = Object.entries(facts).map(([name, value]) => `      <property${attributes({ name, value })}/>`)
  const about = { name: `${name} ${run}`, ...counts, time, timestamp: new Date(created).toISOString().slice(0, 19) }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: 'bak', ...counts, time })}>`,
    `  <testsuite${attributes({ ...about, hostname: controller.name })}>`,
    ...['    <properties>', ...properties, '    </properties>'],
    ...cases.map(each => caseXml(each, name)),
    '  </testsuite>',
    '</testsuites>\n'
  ].join('\n')
}

const prefixed = (tags: Record<string, string>) =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`tags.${key}`, value]))

/** What ended the run that no other case names. */
function runCase({ verdict = 'failed', reason = '', took = 0 }: RunRecord): Case {
  const isOther = verdict !== 'ok' && verdict !== 'workload-failed' && verdict !== 'threshold'
  const message = reason === '' ? formatVerdict(verdict) : `${formatVerdict(verdict)}: ${reason}`
  return {
    ...{ group: 'run', name: 'run', seconds: took / 1000 },
    ...(isOther && { outcome: { tag: 'error', type: verdict, message } })
  }
}

function sampleCases(record: RunRecord): Case[] {
  const { spec, workload, resumes } = record
  const counted = workload.filter(({ step }) => step.warmup == null)
  const decisive = new Set((decisiveFailure(record)?.failed ?? []).map(({ step }) => stepFolder(step)))
  const taken = [...Map.groupBy(counted, ({ step }) => stepFolder(step))].map(([name, entries]): Case => {
    const outcome = outcomeOf(failuresIn(entries, spec), record, decisive.has(name))
    const longest = Math.max(...entries.map(({ duration }) => duration)) / 1000
    return { group: 'samples', name, seconds: longest, ...(outcome && { outcome }) }
  })
  // each window of the output is a sample, and a search goes by what it finds: how many there would have been is not known
  if (isTriggered(spec) || spec.search != null) return taken
  const known = new Set(taken.map(({ name }) => name))
  const planned = plannedSamples(spec, resumes?.taken).filter(({ warmup }) => warmup == null)
  const left = planned.map(stepFolder).filter(name => !known.has(name))
  const outcome: Outcome = { tag: 'skipped', message: 'not taken: the run ended before' }
  return [...taken, ...left.map((name): Case => ({ group: 'samples', name, outcome }))]
}

function outcomeOf(failed: WorkEntry[], { spec }: RunRecord, isDecisive: boolean): Outcome | undefined {
  if (failed.length === 0) return undefined
  const how = failed.map(each => [placeOf(each, spec), failureOf(each, spec)].filter(Boolean).join(': '))
  const message = how.join('; ')
  return isDecisive
    ? { tag: 'failure', type: 'workload-failed', message }
    : { tag: 'skipped', message: `failed, and was repeated: ${message}` }
}

/** Failures of a sample that was repeated do not count. Where only their number is known there is one case for all. */
function jobCases({ jobs: counts, verdict, run }: RunRecord, entries: JobEntry[] | undefined): Case[] {
  if (entries != null) return entries.map(each => jobCase(each, verdict === 'ok'))
  if (counts == null) return []
  const message = `${describeCounts(counts)}: bak show ${run}`
  const outcome: Outcome = { tag: 'failure', type: 'job-failed', message }
  return [{ group: 'jobs', name: 'all jobs', ...(counts.failed && verdict !== 'ok' && { outcome }) }]
}

function jobCase(entry: JobEntry, isRepeated: boolean): Case {
  const { graph, job, state, duration = 0 } = entry
  const named = { group: 'jobs', name: `${nameOfGraph(graph)}/${job}`, seconds: duration / 1000 } as const
  if (state === 'done' || state === 'reused') return named
  if (state !== 'failed') {
    const message = [stateInWords(state), whyOfJob(entry)].filter(each => each != null).join(': ')
    return { ...named, outcome: { tag: 'skipped', message } }
  }
  const how = describeFailed(endedJob(entry, 0))
  const outcome: Outcome = isRepeated
    ? { tag: 'skipped', message: `${how}; its sample was repeated` }
    : { tag: 'failure', type: 'job-failed', message: how }
  return { ...named, outcome }
}

function thresholdCases({ spec, thresholds = [] }: RunRecord): Case[] {
  return thresholds.map(made => {
    const about = spec.threshold?.[made.threshold] as Threshold
    const { number, name: iteration } = made.iteration
    const name = `${made.metric} ${describeBounds(about)} in ${number}-${iteration}`
    if (made.outcome === 'met') return { group: 'thresholds', name }
    const [tag, type] = made.outcome === 'missed' ? (['failure', 'missed'] as const) : (['error', 'undecided'] as const)
    return { group: 'thresholds', name, outcome: { tag, type, message: describeDecision(made, about) } }
  })
}

function wholeCase({ shortfalls, excluded }: RunRecord, strict: boolean): Case {
  const missing = [
    ...excluded.map(({ name, phase, code, reason }) => `without ${name} (${phase}, ${code}: ${reason})`),
    ...shortfalls.map(each => `missing ${describeShortfall(each)}`)
  ]
  const message = missing.join('; ')
  const outcome: Outcome = strict ? { tag: 'failure', type: 'partial', message } : { tag: 'skipped', message }
  return { group: 'completeness', name: 'all that was asked for', ...(missing.length > 0 && { outcome }) }
}

function caseXml({ group, name, seconds: took = 0, outcome }: Case, run: string): string {
  const head = `    <testcase${attributes({ classname: `bak.${run}.${group}`, name, time: seconds(took) })}`
  if (outcome == null) return `${head}/>`
  const { tag, type, message } = outcome
  return `${head}><${tag}${attributes({ message, type })}/></testcase>`
}

const seconds = (value: number) => value.toFixed(3)

const attributes = (given: Record<string, string | number | boolean | undefined>): string =>
  Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
    .join('')

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

/** What XML 1.0 cannot have, as code points and halves of pairs, becomes a question mark in a box; the ends of lines stay. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"']/g, character => ENTITIES[character] as string)
    .replace(/[\t\n\r]/g, character => `&#${character.charCodeAt(0)};`)
