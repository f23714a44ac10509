/**
 * How what was measured ended, as an entry of the record: the command of the controller, one instance of a workload on a member, a task, or the jobs of
 * a sample.
 */
import * as v from 'valibot'
import { count, name } from './fields.ts'
import type { RosterEntry } from './manifest.ts'
import { MAX_METRICS } from './metric.ts'
import { type Ack, describeExit, instanceResult, type Step, step, workloadResult } from './phase.ts'
import type { Spec } from './spec.ts'
import { labelOf, timeoutOf } from './workload.ts'

/** Of one record: what is beyond is missing from it, and named so. */
export const MAX_ENTRIES = 100_000
/** Of one record, 200 bytes each as text: entries beyond have none. */
export const MAX_RECORD_METRICS = 1_000_000

const { began, ready, stopped, killed, role } = instanceResult.entries

export const workEntry = v.object({
  step,
  ...workloadResult.entries,
  /** Of the next ones a command of the controller has none. */
  member: v.optional(name),
  /** Of the workload. */
  name: v.optional(name),
  /** 1 .. n */
  instance: v.optional(count),
  role: v.optional(role),
  /** It is that of the jobs of the sample, all of them together: each is in `jobs.json`. */
  jobs: v.optional(v.literal(true)),
  ...{ began, ready, stopped, killed }
})
export type WorkEntry = v.InferOutput<typeof workEntry>

/**
 * What answers say that is not known yet: each instance that the roster places on its member has one result in a sample, the first.
 * @param known entries of the record so far
 */
export function entriesOf(
  known: WorkEntry[],
  at: Step,
  answers: Array<{ by: string; value: Pick<Ack, 'workloads'> }>,
  roster: RosterEntry[]
): WorkEntry[] {
  const seen = new Set(known.filter(({ step }) => isSame(step, at)).map(keyOf))
  const members = new Map(roster.map(each => [each.peer, each]))
  const found: WorkEntry[] = []
  let room = MAX_RECORD_METRICS - countMetrics(known)
  for (const { by, value } of answers) {
    const member = members.get(by)
    for (const { workload, ...result } of value.workloads ?? []) {
      const placed = member?.workloads?.find(each => each.name === workload)
      if (member == null || placed == null || result.instance < 1 || result.instance > placed.instances) continue
      const { metrics, ...rest } = result
      const fits = metrics != null && metrics.length <= room
      const entry = { step: at, ...rest, ...(fits ? { metrics } : {}), member: member.name, name: workload }
      if (seen.has(keyOf(entry)) || known.length + found.length >= MAX_ENTRIES) continue
      seen.add(keyOf(entry))
      found.push(entry)
      if (fits) room -= metrics.length
    }
  }
  return found
}

/** @returns how many metrics they have together */
export const countMetrics = (entries: Pick<WorkEntry, 'metrics'>[]): number =>
  entries.reduce((sum, { metrics = [] }) => sum + metrics.length, 0)

/** @returns an entry as there is room for it: without its metrics, or not at all */
export function fitEntry(known: WorkEntry[], entry: WorkEntry): WorkEntry | undefined {
  if (known.length >= MAX_ENTRIES) return undefined
  const { metrics = [], ...rest } = entry
  // so few have room whatever they have
  if (known.length < MAX_RECORD_METRICS / MAX_METRICS - 1) return entry
  return countMetrics(known) + metrics.length > MAX_RECORD_METRICS ? rest : entry
}

const keyOf = ({ member, name, instance }: Pick<WorkEntry, 'member' | 'name' | 'instance'>) =>
  `${member}/${name}/${instance}`

const isSame = (one: Step, other: Step) =>
  one.number === other.number && one.sample === other.sample && one.warmup === other.warmup

/** @returns whether an entry is that of a task, of all members together; that of the command of the controller has no name */
export const isOfTask = ({ member, name }: Pick<WorkEntry, 'member' | 'name'>): boolean =>
  member == null && name != null

/** @returns whether an entry is that of a program, which answers of its peer tell of: of tasks and of jobs files of their own do */
export const isOfProgram = (entry: Pick<WorkEntry, 'member' | 'name' | 'jobs'>): boolean =>
  entry.jobs == null && !isOfTask(entry)

type Outcome = Partial<Pick<WorkEntry, 'exit' | 'error' | 'role' | 'stopped'>> & Pick<WorkEntry, 'timedOut'>

/** @returns whether it failed: a server ends by being stopped, anything else by itself with status 0 */
export function hasFailed({ exit, error, timedOut, role, stopped }: Outcome): boolean {
  if (timedOut || error != null) return true
  return stopped == null && (role === 'server' || exit !== 0)
}

/** @returns how it failed, in words; undefined if it did not */
export function failureOf(
  entry: WorkEntry,
  { policy, workload }: Pick<Spec, 'policy' | 'workload'>
): string | undefined {
  const { error, timedOut, role } = entry
  if (!hasFailed(entry)) return undefined
  if (entry.jobs) return error ?? 'cut short'
  if (isOfTask(entry)) return `task ${entry.name}: ${error ?? 'cut short'}`
  const how = describeExit(entry)
  const said = error == null ? '' : `: ${error}`
  if (timedOut) {
    const limits = workload.find(({ name }) => name === entry.name)
    const seconds = limits == null ? policy.timeout : timeoutOf(limits, policy)
    return `ended at its deadline of ${seconds} s (${how})${said}`
  }
  return role === 'server' && error == null ? `${how} before it was stopped` : `${how}${said}`
}

/** @returns those that fail a run: not those of members and of jobs where its policy is to ignore them */
export function failuresIn(entries: WorkEntry[], spec: Pick<Spec, 'policy' | 'workload'>): WorkEntry[] {
  const isIgnored = spec.policy.on_failed_workload === 'ignore'
  return entries.filter(each => hasFailed(each) && !(isIgnored && (each.member != null || each.jobs)))
}

/** @returns `client.2 on b`, or `` for a command of the controller */
export function placeOf({ member, name, instance = 1 }: WorkEntry, { workload }: Pick<Spec, 'workload'>): string {
  if (member == null || name == null) return ''
  const instances = workload.find(each => each.name === name)?.instances ?? 1
  return `${labelOf({ name, instances }, instance)} on ${member}`
}
