/**
 * Tags of a run. Those given with it are in its spec, and so in its seal; those given later are in `tags.json` beside the seal: nobody signs
 * them, and they cannot change what is sealed.
 */
import * as v from 'valibot'
import { name, text } from './fields.ts'
import { table } from './free-keys.ts'

/** Tags of one run, of each kind. */
export const MAX_TAGS = 256

export const tags = v.pipe(
  table(name, text),
  v.check(given => Object.keys(given).length <= MAX_TAGS, `more than ${MAX_TAGS} tags`)
)
export type Tags = v.InferOutput<typeof tags>

export const writeTags = (later: Tags): string => `${JSON.stringify(later, null, 2)}\n`

/** @param content of `tags.json`. @returns undefined for what is none */
export function readTags(content: string): Tags | undefined {
  try {
    return v.parse(tags, JSON.parse(content))
  } catch {
    return undefined
  }
}

/** @returns all tags of a run: what is sealed stays what it is */
export const allTags = (sealed: Tags, later: Tags | undefined): Tags => ({ ...later, ...sealed })
