/** How far something is: in bytes that have come of all, or in percent. */
import * as v from 'valibot'
import { count } from '../fields.ts'

export const portion = v.object({ done: count, total: count })
export const percent = v.pipe(v.number(), v.minValue(0), v.maxValue(100))
