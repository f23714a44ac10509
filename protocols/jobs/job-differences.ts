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
