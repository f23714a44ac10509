/** The facts of a member's machine that travel in its answer to `init`. */
import * as v from 'valibot'
import { text } from '../fields.ts'
import { table } from '../free-keys.ts'

const MAX_FACTS = 64

/** By name, which begins with an item; the value of a whole item is a digest, `#1a2b3c`. */
export const machineFacts = v.pipe(
  table(v.pipe(v.string(), v.maxLength(64)), text),
  v.check(facts => Object.keys(facts).length <= MAX_FACTS, `more than ${MAX_FACTS} facts`)
)
