/** Why a job is run though it ran before: in what its key differs from that of an earlier result, as far as a result tells that. Pure. */
import type { KeyParts } from './job-key.ts'
import type { JobResult } from './job-result.ts'

type Earlier = Pick<JobResult, 'key' | 'inputs' | 'platform' | 'image' | 'outputs'>

/**
 * @param now with its key
 * @param before a result of a job of the same name
 * @returns `input lib/x has changed`, one for each; empty where the key is the same. A result has neither script nor variables, so these are named
 * together, where nothing else differs
 */
export function jobDifferences(now: KeyParts & { key: string }, before: Earlier): string[] {
  if (now.key === before.key) return []
  const known = [
    ...differentInputs(now.inputs, before.inputs),
    ...(now.platform === before.platform ? [] : [`it ran on ${before.platform} before, not on ${now.platform}`]),
    ...(now.image === before.image ? [] : [`the image has changed, from ${said(before.image)} to ${said(now.image)}`])
  ]
  return known.length > 0 ? known : ['its script, its variables or its outputs have changed']
}

/**
 * @returns whether an earlier result is of the same job, as far as it tells: two run files have a job `build` each. What has neither inputs nor outputs
 * is the same as what has none
 */
export function isSameJob({ job, inputs }: Pick<KeyParts, 'job' | 'inputs'>, before: Earlier): boolean {
  const earlier = [...before.inputs.map(inputAt), ...before.outputs.map(({ path }) => outputAt(path))]
  const paths = new Set([...inputs.map(inputAt), ...job.outputs.map(outputAt)])
  return paths.size === 0 && earlier.length === 0 ? true : earlier.some(path => paths.has(path))
}

const inputAt = ({ path }: { path: string }) => `in ${path}`
const outputAt = (path: string) => `out ${path}`

const said = (image: string | undefined) => image ?? 'none'

function differentInputs(now: KeyParts['inputs'], before: KeyParts['inputs']): string[] {
  const earlier = new Map(before.map(({ path, digest }) => [path, digest]))
  const paths = new Set(now.map(({ path }) => path))
  return [
    ...now.flatMap(({ path, digest }) => {
      const was = earlier.get(path)
      if (was === digest) return []
      return [was == null ? `input ${path} is new` : `input ${path} has changed`]
    }),
    ...before.filter(({ path }) => !paths.has(path)).map(({ path }) => `input ${path} is not there any more`)
  ]
}
