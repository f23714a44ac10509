/** What is wrong between the keys of a spec that are about jobs; what is wrong with a key by itself its schema says. Pure. */
import * as v from 'valibot'
import type { SpecInput } from '../spec.ts'
import type { Path } from '../toml-lines.ts'
import type { ValidationError } from '../validation-errors.ts'
import { wrongBesideJobs } from './beside-jobs.ts'
import { cycleIn } from './graph.ts'
import { wrongInputs, wrongOutputs } from './input-conflicts.ts'
import { type Job, type JobKeys, type JobRole, jobKeys, jobsOf } from './job.ts'
import { isOfShell } from './job-script.ts'
import { nameNear } from './name-near.ts'

type Input = Partial<SpecInput>

const keys = v.object(jobKeys)
/** What a job runs. */
const RUNS = ['command', 'script', 'phases'] as const

/** @param spec one that its schema accepts, or a part of one @returns each mistake with the path of the key that is to be changed */
export function wrongJobs(spec: Input): ValidationError[] {
  const given: JobKeys = v.parse(keys, { job: spec.job, jobs: spec.jobs })
  if (given.job.length === 0)
    return spec.jobs == null ? [] : [{ path: ['jobs'], what: 'is for jobs, and there is no [[job]]' }]
  const names = wrongNames(given.job)
  // what follows goes by the names
  if (names.length > 0) return names
  const structure = [
    ...wrongSharedEnvironment(given),
    ...given.job.flatMap((job, i) => below(['job', i], wrongIn(job, given))),
    ...wrongNeeds(given.job)
  ]
  if (structure.length > 0) return [...structure, ...wrongBesideJobs(spec, given.job)]
  return [...wrongCycle(given.job), ...wrongInputs(given.job), ...wrongBesideJobs(spec, given.job)]
}

function wrongNames(jobs: Job[]): ValidationError[] {
  const seen = new Set<string>()
  return jobs.flatMap(({ name }, i) => {
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    return [{ path: ['job', i, 'name'], what: `${name} is the name of another job` }]
  })
}

/** What is wrong with a job whatever others there are. */
function wrongIn(job: Job, spec: JobKeys): ValidationError[] {
  return [...wrongProgram(job), ...wrongEnvironment(job, spec), ...wrongOutputs(job)]
}

function wrongProgram(job: Job): ValidationError[] {
  const { shebang, image, platform } = job
  const given = RUNS.filter(key => job[key] != null)
  const has = given.length === 0 ? 'none' : given.join(' and ')
  return [
    ...wrong(given.length !== 1, [], `has one of command, script and phases, and not ${has}`),
    ...wrong(
      job.phases != null && !isOfShell(shebang),
      ['shebang'],
      'is of no shell, and phases are parts of a script of a shell: give it a script'
    ),
    ...wrong(
      image != null && platform != null && !platform.startsWith('linux-'),
      ['platform'],
      `an image runs on linux-* only, and not on ${platform}`
    )
  ]
}

function wrongEnvironment({ env }: Job, spec: JobKeys): ValidationError[] {
  const { allow_env: allowed } = jobsOf(spec)
  if (allowed == null) return []
  return Object.keys(env).flatMap(name => wrong(!allowed.includes(name), ['env', name], notAllowed(allowed)))
}

/** Of the variables of `[jobs]`, to which flags add. */
function wrongSharedEnvironment({ jobs }: Pick<JobKeys, 'jobs'>): ValidationError[] {
  const { env, allow_env: allowed } = jobsOf({ jobs })
  if (allowed == null) return []
  return Object.keys(env).flatMap(name => wrong(!allowed.includes(name), ['jobs', 'env', name], notAllowed(allowed)))
}

const notAllowed = (allowed: string[]) =>
  `may not be set: jobs.allow_env has ${allowed.length === 0 ? 'no variable' : allowed.join(', ')}`

function wrongNeeds(jobs: Job[]): ValidationError[] {
  const byName = new Map(jobs.map(each => [each.name, each]))
  const near = nameNear('job', [...byName.keys()])
  return jobs.flatMap((job, i) => {
    const named = [
      ...job.needs.map((need, k) => ({ to: need.job, path: ['job', i, 'needs', k] })),
      ...job.inputs.flatMap((input, k) =>
        'job' in input && input.job != null ? [{ to: input.job, path: ['job', i, 'inputs', k, 'job'] }] : []
      )
    ]
    return named.flatMap(({ to, path }) => {
      const other = byName.get(to)
      if (other == null) return [{ path, what: near(to) }]
      if (to === job.name) return [{ path, what: `${to} needs itself` }]
      const why = whyNotNeeded(other.role, job.role)
      return why == null ? [] : [{ path, what: `${to} is of the role ${other.role}, ${why}` }]
    })
  })
}

/** A job needs those of its own graph, and those of the role setup, which is run once. */
function whyNotNeeded(needed: JobRole, by: JobRole): string | undefined {
  if (needed === by || needed === 'setup') return undefined
  if (needed === 'work' && by === 'report')
    return 'which runs in each sample: an input of the result, { result = "..." }, has what there is of it'
  return `which runs behind ${by}`
}

function wrongCycle(jobs: Job[]): ValidationError[] {
  const cycle = cycleIn(jobs)
  if (cycle == null) return []
  const first = jobs.findIndex(({ name }) => name === cycle[0])
  // the whole of a circle of thousands is no help
  const shown = cycle.length <= MAX_SHOWN ? cycle : [...cycle.slice(0, MAX_SHOWN - 2), '...', cycle.at(-1)]
  return [{ path: ['job', first, 'needs'], what: `is a circle: ${shown.join(' needs ')}` }]
}
const MAX_SHOWN = 32

const wrong = (is: boolean, path: Path, what: string): ValidationError[] => (is ? [{ path, what }] : [])

const below = (at: Path, errors: ValidationError[]): ValidationError[] =>
  errors.map(({ path, what }) => ({ path: [...at, ...path], what }))
