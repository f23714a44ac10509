/** The key of a job: a digest of all that its outputs depend on. A result of the same key need not be made again. Pure. */
import { encode } from '../codec.ts'
import { digestOf } from '../digest.ts'
import type { Job } from './job.ts'
import type { PlacedInput } from './job-result.ts'
import { scriptOf } from './job-script.ts'

/** What a key is of. */
export interface KeyParts {
  job: Pick<Job, 'command' | 'script' | 'phases' | 'shebang' | 'outputs'>
  /** As job-variables.ts has them. */
  variables: Record<string, string>
  /** On which it runs. */
  platform: string
  /** In which it runs. */
  image?: string | undefined
  /** In any order. */
  inputs: readonly PlacedInput[]
}

/** Another one where what a key is of has changed. */
const KEY_FORMAT = 1

/** @returns SHA-256, lower-case hex */
export function jobKey({ job, variables, platform, image, inputs }: KeyParts): string {
  const { command, outputs } = job
  return digestOf(
    encode({
      format: KEY_FORMAT,
      command,
      script: scriptOf(job),
      // as lists, so that no name of a variable has a meaning of its own
      variables: Object.entries(variables).sort(byFirst),
      platform,
      image,
      inputs: inputs.map(({ path, digest }) => [path, digest] as const).sort(byFirst),
      outputs: [...outputs].sort()
    })
  )
}

const byFirst = ([a]: readonly [string, string], [b]: readonly [string, string]) => (a < b ? -1 : a > b ? 1 : 0)
