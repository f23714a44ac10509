/** What is wrong with the outputs of jobs, and with what jobs have in their inputs. Pure. */
import { faultInPath } from '../artifact.ts'
import type { Path } from '../toml-lines.ts'
import type { ValidationError } from '../validation-errors.ts'
import { type Job, MAX_EDGES } from './job.ts'
import { inputsOf, type PlannedInput } from './job-inputs.ts'
import { nameNear } from './name-near.ts'

/** Of one job, with paths below it. */
export function wrongOutputs({ outputs }: Job): ValidationError[] {
  const paths = new Set<string>()
  const doubled = outputs.flatMap((path, i) => {
    if (paths.has(path)) return [{ path: ['outputs', i], what: `${path} is there twice` }]
    paths.add(path)
    return []
  })
  const nested = outputs.flatMap((path, i) => {
    const folder = foldersOf(path).find(each => paths.has(each))
    return folder == null ? [] : [{ path: ['outputs', i], what: `${path} is in ${folder}, which is an output already` }]
  })
  return [...doubled, ...nested]
}

/** @param jobs without a circle, whose needs there are */
export function wrongInputs(jobs: Job[]): ValidationError[] {
  const byName = new Map(jobs.map(each => [each.name, each]))
  return jobs.flatMap((job, i) => {
    const own = job.inputs.flatMap((input, k) => {
      const at: Path = ['job', i, 'inputs', k]
      if ('result' in input && input.result != null && job.role !== 'report')
        return [{ path: [...at, 'result'], what: 'is of jobs of the role report: before them there is no result' }]
      if (!('job' in input) || input.job == null || input.output == null) return []
      const outputs = byName.get(input.job)?.outputs ?? []
      if (outputs.includes(input.output)) return []
      return [{ path: [...at, 'output'], what: nameNear(`output of ${input.job} called`, outputs)(input.output) }]
    })
    if (own.length > 0) return own
    return wrongPlaces(inputsOf(job, producersOf(job, byName))).map(what => ({ path: ['job', i, 'inputs'], what }))
  })
}

/** Those that a job needs; to look for each among thousands would take its time. */
const producersOf = ({ needs, inputs }: Job, byName: Map<string, Job>): Job[] =>
  [...needs, ...inputs].flatMap(each => ('job' in each && each.job != null ? (byName.get(each.job) ?? []) : []))

/** @returns what is wrong with the places of inputs, in words: the first thing */
function wrongPlaces(inputs: PlannedInput[]): string[] {
  if (inputs.length > MAX_EDGES)
    return [`it would have ${inputs.length} inputs, those of its needs included; ${MAX_EDGES} are the most`]
  const placed = new Map<string, PlannedInput>()
  for (const input of inputs) {
    if (faultInPath(input.at) != null)
      return [`${inWords(input)} has no name of its own to be placed by: say it with as`]
    const other = placed.get(input.at)
    if (other != null) return [`${inWords(input)} and ${inWords(other)} would both be at ${input.at}: move one with as`]
    placed.set(input.at, input)
  }
  for (const input of inputs) {
    const folder = foldersOf(input.at).find(each => placed.has(each))
    if (folder == null) continue
    const other = placed.get(folder) as PlannedInput
    return [`${inWords(input)} would be at ${input.at}, in ${inWords(other)}: move one with as`]
  }
  return []
}

function inWords({ from }: PlannedInput): string {
  if (from.type === 'job') return `${from.output} of ${from.job}`
  if (from.type === 'url') return from.url
  return from.type === 'result' ? `${from.path} of the result` : from.path
}

/** `a/b/c` is in `a` and in `a/b`. */
function foldersOf(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'))
}
