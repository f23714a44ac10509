/** What is wrong between jobs and the other keys of a spec: what jobs take the place of, and what workloads get of their outputs. Pure. */
import { basename } from 'node:path'
import type { SpecInput } from '../spec.ts'
import { collidingEntries, placementOf } from '../staged.ts'
import type { Path } from '../toml-lines.ts'
import type { ValidationError } from '../validation-errors.ts'
import type { Job } from './job.ts'
import { MAX_JOB_ENTRIES } from './jobs-file.ts'
import { nameNear } from './name-near.ts'

type Input = Partial<SpecInput>

export function wrongBesideJobs(spec: Input, jobs: Job[]): ValidationError[] {
  const work = jobs.filter(({ role }) => role === 'work')
  return [
    ...(work.length === 0 ? [] : besideWork(spec)),
    ...wrongNumber(spec, work.length, jobs.length - work.length),
    ...wrongStageOutputs(spec, jobs)
  ]
}

/** Jobs of the role `work` are what a run measures. */
function besideWork({ command, workload = [], task = [], iterations = [], trigger, groups = [] }: Input) {
  const wrong = (is: boolean, path: Path, what: string): ValidationError[] => (is ? [{ path, what }] : [])
  const instead = 'jobs of the role work take its place: give them the role setup or report, or leave it out'
  return [
    ...wrong(command != null, ['command'], `is given beside jobs, and ${instead}`),
    ...wrong(task.length > 0, ['task'], `is given beside jobs, and ${instead}`),
    ...workload.flatMap(({ role, name }, i) =>
      wrong(role !== 'server', ['workload', i], `${name} is a client, and ${instead}`)
    ),
    ...iterations.flatMap(({ args = [] }, i) =>
      wrong(args.length > 0, ['iterations', i, 'args'], 'are words of a command, and there are jobs in its place')
    ),
    ...wrong(
      trigger != null || groups.some(each => each.trigger != null),
      [trigger == null ? 'groups' : 'trigger'],
      'a trigger reads the output of the command: there is none beside jobs'
    )
  ]
}

function wrongNumber(spec: Input, work: number, others: number): ValidationError[] {
  const { samples = 1, warmup = 0, iterations = [{}], max_stddev: close } = spec
  const all = others + work * iterations.length * (Math.max(samples, close?.samples ?? 0) + warmup)
  return all <= MAX_JOB_ENTRIES
    ? []
    : [{ path: ['job'], what: `the run would have ${all} jobs in all its samples; ${MAX_JOB_ENTRIES} are the most` }]
}

function wrongStageOutputs(spec: Input, jobs: Job[]): ValidationError[] {
  const { stage_outputs: given = [], workload = [] } = spec
  const setup = jobs.filter(({ role }) => role === 'setup')
  const noJob = nameNear(
    'job of the role setup',
    setup.map(({ name }) => name)
  )
  const noWorkload = nameNear(
    'workload',
    workload.map(({ name }) => name)
  )
  const wrong = given.flatMap(({ job: name, output, for: user }, i): ValidationError[] => {
    const job = setup.find(each => each.name === name)
    const unknown = user == null || workload.some(each => each.name === user) ? undefined : user
    return [
      ...(job == null ? [{ path: ['stage_outputs', i, 'job'], what: noJob(name) }] : []),
      ...(job == null || job.outputs.includes(trimmed(output))
        ? []
        : [{ path: ['stage_outputs', i, 'output'], what: nameNear(`output of ${name} called`, job.outputs)(output) }]),
      ...(unknown == null ? [] : [{ path: ['stage_outputs', i, 'for'], what: noWorkload(unknown) }])
    ]
  })
  return wrong.length > 0 ? wrong : wrongPlaces(spec)
}

/** As the schema has them behind it. */
const trimmed = (path: string) => path.replace(/(.)\/+$/, '$1')

function wrongPlaces({ stage_outputs: given = [], stage = [], workload = [] }: Input): ValidationError[] {
  const staged = [
    ...stage.map(path => ({ path: placementOf(path) })),
    ...workload.flatMap(({ name, stage = [] }) => stage.map(path => ({ path: placementOf(path), for: name })))
  ]
  const outputs = given.map(({ output, as, for: user }) => ({ path: trimmed(as ?? basename(output)), for: user }))
  const path = given.length === 0 ? undefined : collidingEntries([...staged, ...outputs])
  if (path == null) return []
  const at = outputs.findLastIndex(each => each.path === path)
  return at < 0 ? [] : [{ path: ['stage_outputs', at], what: `something else is staged at ${path} already: say as` }]
}
