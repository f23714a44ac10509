/** What is wrong between the keys of a spec that has workloads; what is wrong with a key by itself its schema says. Pure. */
import { wrongJobs } from './jobs/job-conflicts.ts'
import { nearest } from './nearest.ts'
import { namesIn } from './server-words.ts'
import type { SpecInput } from './spec.ts'
import { wrongTasks } from './tasks/task-conflicts.ts'
import { wrongWithTrigger } from './trigger-conflicts.ts'
import type { ValidationError } from './validation-errors.ts'
import { labelOf } from './workload.ts'

type Input = Partial<SpecInput>
type WorkloadInput = NonNullable<Input['workload']>[number]

/** What makes a server ready; it has one of them. */
const READY_KEYS = ['port', 'line', 'command', 'after'] as const

/** @param spec one that its schema accepts, or a part of one @returns each mistake with the path of the key that is to be changed */
export function findConflicts(spec: Input): ValidationError[] {
  const { workload = [], groups = [], command } = spec
  const servers = workload.filter(({ role }) => role === 'server').map(({ name }) => name)
  const groupNames = groups.map(({ name }) => name)
  const hasClients = workload.length > servers.length
  return [
    ...(command != null && hasClients
      ? [{ path: ['command'], what: 'runs on the controller beside servers only, and there are workloads of clients' }]
      : []),
    ...doubledGroups(groupNames),
    ...wrongWithTrigger(spec),
    ...wrongTasks(spec),
    ...wrongJobs(spec),
    ...doubled(workload),
    ...workload.flatMap((each, i) =>
      [...wrongIn(each, groupNames), ...wrongWords(each.command, servers, ['command'])].map(({ path, what }) => ({
        path: ['workload', i, ...path],
        what
      }))
    ),
    ...(workload.length === 0 || command == null ? [] : wrongWords(command, servers, ['command'])),
    ...(workload.length === 0 ? [] : (spec.iterations ?? [])).flatMap(({ args = [] }, i) =>
      wrongWords(args, servers, ['iterations', i, 'args'])
    )
  ]
}

/** @returns why nothing would end such a run; undefined if something does */
export function whyEndless({ workload = [], command, task = [], job = [] }: Input): string | undefined {
  const isServed = workload.length > 0 && workload.every(({ role }) => role === 'server')
  if (command != null || task.length > 0 || job.some(isWork) || !isServed) return undefined
  return 'workload: there are servers only, which run until the others have ended: add a client, a command, a task or a job'
}

/** By default a job is what a run measures. */
const isWork = ({ role }: NonNullable<Input['job']>[number]) => role == null || role === 'work'

/** @returns why nothing is measured in a run that has jobs; undefined if something is */
export function whyNothing({ workload = [], command, task = [], job = [] }: Input): string | undefined {
  if (command != null || workload.length + task.length > 0 || job.length === 0 || job.some(isWork)) return undefined
  return 'job: jobs of the roles setup and report go around what is measured, and there is nothing: add a command, a workload, a task, or a job of the role work'
}

const doubledGroups = (names: string[]): ValidationError[] =>
  names.flatMap((name, i) =>
    names.indexOf(name) === i ? [] : [{ path: ['groups', i, 'name'], what: 'is the name of another group' }]
  )

function doubled(workload: WorkloadInput[]): ValidationError[] {
  const seen = new Map<string, string>()
  return workload.flatMap(({ name, instances = 1 }, i) => {
    const labels = Array.from({ length: instances }, (_, n) => labelOf({ name, instances }, n + 1))
    const taken = labels.find(label => seen.has(label))
    const owner = seen.get(taken ?? '')
    for (const label of labels) seen.set(label, name)
    if (taken == null) return []
    const what = owner === name ? 'is the name of another workload' : `${taken} is a folder of workload ${owner}, too`
    return [{ path: ['workload', i, 'name'], what }]
  })
}

function wrongIn(
  { role, on, group, ready, instances = 1, command }: WorkloadInput,
  groups: string[]
): ValidationError[] {
  const program = typeof command === 'string' ? '' : (command[0] ?? '')
  return [
    ...(program.includes('=') ? [{ path: ['command'], what: 'the name of a program has no = in it' }] : []),
    ...(on != null && group != null ? [{ path: ['group'], what: 'is given beside on: one of them' }] : []),
    ...(group == null || groups.includes(group) ? [] : [{ path: ['group'], what: noGroup(group, groups) }]),
    ...(ready == null || role === 'server'
      ? []
      : [{ path: ['ready'], what: 'is for servers: a client is waited for until it ends' }]),
    ...(ready == null ? [] : wrongReady(ready, instances))
  ]
}

function noGroup(group: string, groups: string[]): string {
  if (groups.length === 0) return `there is no group ${group}: the run has no [[groups]]`
  const near = nearest(group, groups)
  return `there is no group ${group}; ${near == null ? `there are ${groups.join(', ')}` : `did you mean ${near}?`}`
}

function wrongReady(ready: NonNullable<WorkloadInput['ready']>, instances: number): ValidationError[] {
  const given = READY_KEYS.filter(key => ready[key] != null)
  if (given.length !== 1) {
    const has = given.length === 0 ? 'none' : given.join(' and ')
    return [{ path: ['ready'], what: `has one of ${READY_KEYS.join(', ')}, and not ${has}` }]
  }
  if (ready.port == null || instances === 1) return []
  return [{ path: ['ready', 'port'], what: 'cannot tell several instances on one member apart: take line or command' }]
}

/** Names of servers in the words of a command. */
function wrongWords(words: string | string[], servers: string[], path: (string | number)[]): ValidationError[] {
  const unknown = [words]
    .flat()
    .flatMap(namesIn)
    .find(name => !servers.includes(name))
  if (unknown == null) return []
  const known = servers.length === 0 ? 'there is none' : `there are ${servers.join(', ')}`
  return [{ path, what: `{{${unknown}.address}}: no workload of servers is named ${unknown}; ${known}` }]
}
