/** `[[tool.NAME.override]]` of a run file: options that a tool has on some members, by a selector or by their ranks. */
import * as v from 'valibot'
import { list } from './fields.ts'
import { withoutReserved } from './free-keys.ts'
import { argument, seconds, selector } from './spec-fields.ts'
import { description, manner } from './user-tool.ts'

/** Of one tool. */
export const MAX_OVERRIDES = 64

export type SettingValue = string | number | boolean
export const settingValue = v.union(
  [argument, v.pipe(v.number(), v.finite()), v.boolean()],
  'expected a string, a number, true or false'
)

/** Both ends are in it. */
type RankRange = [first: number, last: number]

const RANGES = 'expected ranks such as 0, 0-3 or 0-3,5'
/** Which members by their place in the order of the run: `0-3,5`. */
const rank = v.pipe(
  v.string(),
  v.maxLength(1024),
  v.regex(/^\s*\d{1,5}(\s*-\s*\d{1,5})?(\s*,\s*\d{1,5}(\s*-\s*\d{1,5})?)*\s*$/, RANGES),
  v.check(
    text => rangesIn(text).every(([first, last]) => first <= last),
    'the first rank of a range is the smaller one'
  )
)

/** What is a matter of all members, not of some. */
const NOT_HERE = ['command', 'bundle', 'lifetime', 'override', ...Object.keys(description)]
const { stop_signal, ready_after, on_end } = manner

const keys = {
  /** Members that a selector fits. */
  on: v.optional(selector),
  rank: v.optional(rank),
  interval: v.optional(v.pipe(seconds, v.minValue(0.1))),
  options: v.optional(list(argument, 256)),
  ...{ stop_signal, ready_after, on_end }
}
const known = v.object(keys)
/** The tool's own options stand beside these, as in its table. */
type OwnOptions = { [option: string]: unknown }
export type Override = v.InferOutput<typeof known> & OwnOptions

export const override = withoutReserved(
  v.pipe(
    v.objectWithRest(keys, settingValue),
    v.check(given => (given.on == null) !== (given.rank == null), 'has one of on and rank'),
    v.check(
      given => Object.keys(given).every(key => !NOT_HERE.includes(key)),
      ({ input }) => `${Object.keys(input).find(key => NOT_HERE.includes(key))} is the same on all members`
    )
  )
) as v.GenericSchema<v.InferInput<typeof known> & OwnOptions, Override>

/** @param text as `rank` of an override has it */
export const rangesIn = (text: string): RankRange[] =>
  text.split(',').map(part => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return [first, last]
  })
