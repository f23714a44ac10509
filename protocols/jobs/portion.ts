/** How many bytes of something have come, of all. */
import * as v from 'valibot'
import { count } from '../fields.ts'

export const portion = v.object({ done: count, total: count })
export type Portion = v.InferOutput<typeof portion>
