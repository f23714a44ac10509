/** Schemas of the fields that several parts of a spec share. */
import * as v from 'valibot'
import { duration, readDuration } from './duration.ts'
import { list } from './fields.ts'

/** A duration in seconds, or with its unit. */
export const seconds = v.pipe(
  v.union(
    [
      v.number(),
      v.pipe(
        duration,
        v.transform(text => readDuration(text) / 1000)
      )
    ],
    'expected seconds, or a time such as 30s, 15m or 2h'
  ),
  v.finite(),
  v.minValue(0),
  v.maxValue(31 * 86_400)
)
export const argument = v.pipe(v.string(), v.maxLength(128 * 1024))
export const argv = v.pipe(list(argument, 4096), v.minLength(1, 'a command needs at least one word'))
/** A list of words, or one string for the shell. */
export const commandLine = v.union(
  [argv, v.pipe(argument, v.minLength(1))],
  'command must be a list of words or one string for the shell'
)
export const selector = v.pipe(v.string(), v.minLength(1), v.maxLength(4096))

const memberCount = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000))
const percentage = v.pipe(
  v.string(),
  v.regex(/^\d{1,3}(\.\d{1,9})?%$/),
  v.check(share => Number.parseFloat(share) > 0 && Number.parseFloat(share) <= 100)
)
/** A number of members, or a percentage of them. */
export const share = v.union([memberCount, percentage], 'a count is a number of members or a percentage such as 50%')

/** `all`, `majority`, a number of members or a percentage of the roster. */
export const quorum = v.union(
  [v.picklist(['all', 'majority']), memberCount, percentage],
  'a quorum is all, majority, a number of members or a percentage such as 80%'
)
export type Quorum = v.InferOutput<typeof quorum>

/** A regular expression for a line of output: who matches it bounds the line and the time. */
export const pattern = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(1024),
  v.check(isPattern, 'is not a regular expression of JavaScript')
)

function isPattern(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}
