/** The first lines of a report: how the run ended, whether anything is missing, what ran where, and what it cost to look. Pure. */
import { costliest, sharesOf } from '../../protocols/cost.ts'
import type { StoredEvent } from '../../protocols/events.ts'
import { listInWords } from '../../protocols/list-in-words.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { describeShortfalls } from '../../protocols/shortfall.ts'
import { allTags, type Tags } from '../../protocols/tags.ts'
import { nameOf } from '../../protocols/tasks/task-parameters.ts'
import { isWhole } from '../../protocols/verdict.ts'
import { formatCommand, formatObserved, formatVerdict } from '../format.ts'
import { describeWorkload } from '../instances.ts'
import { describeUnfit } from '../unfit.ts'
import { type Machines, memoryOf } from './environment.ts'
import type { Head, ReportData } from './report-data.ts'
import { beginOf, endOf, type Told } from './spans.ts'

/** Characters of what ran; the spec below has all of it. */
const MAX_RAN = 400
/** Names in one sentence. */
const MAX_NAMED = 8

/** @param later tags that were given after the run */
export function headOf(record: RunRecord, told: Told, later?: Tags): Head {
  const { run, name, state, verdict, status, reason, spec, controller, program } = record
  const begun = beginOf(told)
  const tags = allTags(spec.tags, later)
  const observed = costliest(sharesOf(record.observed ?? []))
  const unfit = describeUnfit(record)
  const hasEnded = state === 'ended' && verdict != null
  return {
    ...{ run, name, verdict: hasEnded ? formatVerdict(verdict, record.jobs) : `not ended, ${state}` },
    ...(status == null ? {} : { status }),
    // what is not known to be whole is not
    partial: !hasEnded || !isWhole(record) || (record.missing?.length ?? 0) > 0,
    ...(reason == null ? {} : { reason }),
    ...{ ran: ranIn(spec), size: sizeOf(record), controller: controller.name, begun },
    // as every other answer has it
    took: (record.took ?? endOf(told) - begun) / 1000,
    program,
    ...(unfit === '' ? {} : { unfit }),
    ...(observed == null ? {} : { cost: inSentence(formatObserved(observed)) }),
    ...(Object.keys(tags).length === 0 ? {} : { tags })
  }
}

function ranIn(spec: RunRecord['spec']): string {
  const command = spec.command == null ? [] : [formatCommand(spec.command)]
  const workloads = spec.workload.map(each => describeWorkload(each).replace(/^(\S+) \1\b/, '$1'))
  const tasks =
    spec.task.length === 0 ? [] : [`${spec.task.length === 1 ? 'task' : 'tasks'} ${spec.task.map(nameOf).join(', ')}`]
  const jobs = spec.job.length === 0 ? [] : [describeJobs(spec.job.map(each => each.name))]
  const all = [...command, ...tasks, ...workloads, ...jobs].join('; ').replace(/\s+/g, ' ')
  return all.length > MAX_RAN ? `${all.slice(0, MAX_RAN)}...` : all
}

const describeJobs = (names: string[]) =>
  `${names.length} ${names.length === 1 ? 'job' : 'jobs'}: ${listInWords(names, MAX_NAMED)}`

const inSentence = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`

/** `2 iterations, 3 samples each, on 3 members` */
function sizeOf(record: RunRecord): string {
  const counted = iterationsOf(record).map(({ samples }) => samples)
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
  const [first = 0] = counted
  const alike = counted.every(each => each === first)
  const samples = alike
    ? `${many(first, 'sample')}${counted.length > 1 ? ' each' : ''}`
    : `${many(sum(counted), 'sample')}`
  const iterations = counted.length > 1 ? [many(counted.length, 'iteration')] : []
  return [
    ...iterations,
    ...(counted.length === 0 ? ['no sample'] : [samples]),
    `on ${many(record.roster.length, 'member')}`
  ].join(', ')
}

const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0)

/** @returns the iterations of which there is anything, with samples without warm-ups */
export function iterationsOf({ workload, iterations = [] }: Pick<RunRecord, 'workload' | 'iterations'>) {
  const found = new Map(iterations.map(({ number, name }) => [number, { number, name, taken: new Set<number>() }]))
  for (const { step } of workload) {
    const { number, name, sample, warmup } = step
    const known = found.get(number) ?? { number, name, taken: new Set<number>() }
    found.set(number, known)
    if (warmup == null) known.taken.add(sample)
  }
  return [...found.values()]
    .sort((a, b) => a.number - b.number)
    .map(({ number, name, taken }) => ({ number, name, samples: taken.size }))
}

/** @returns who and what is missing, a sentence each */
export function missingIn({ excluded, shortfalls, missing = [], refused = [] }: RunRecord): string[] {
  const out = excluded.map(
    ({ name, phase, code, reason }) => `${name} is out of the run since ${phase}: ${code}, ${reason}`
  )
  const files = missing.map(
    ({ name, what, files }) => `${files} files of ${what} of ${name}: its missing.txt names them`
  )
  const taken =
    refused.length === 0
      ? []
      : [
          `files of members that were not taken: ${listInWords(
            refused.map(({ path }) => path),
            MAX_NAMED
          )}`
        ]
  return [...out, ...describeShortfalls(shortfalls), ...files, ...taken]
}

/** @returns the members, each with what its machine is: `16 cpus, 62.8 GiB, linux 6.18.0` */
export const membersIn = ({ roster }: RunRecord, machines: Machines): ReportData['members'] =>
  roster.map(({ name, driver, capabilities: { os, cores } }) => {
    const facts = [`${cores} ${cores === 1 ? 'cpu' : 'cpus'}`, memoryOf(machines.get(name)), os]
    return { name, about: [...facts, ...(driver ? ['driver'] : [])].filter(each => each != null).join(', ') }
  })

/** Warnings of the controller and of members, with where they were said. */
export function warningsIn(events: StoredEvent[]): string[][] {
  return events.flatMap(event => {
    if (event.type === 'warning') return [['bak', '', event.text]]
    if (event.type === 'refused') return [[event.peer, event.what, `refused: ${event.code}: ${event.reason}`]]
    if (event.type !== 'ack') return []
    return (event.warnings ?? []).map(text => [event.name, event.phase, text])
  })
}
