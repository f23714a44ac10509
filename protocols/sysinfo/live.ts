/** Asks a peer for items of a snapshot of its machine as it is now: for `bak sysinfo` and `bak check --noise`. It answers with a file at a time. */
import * as v from 'valibot'
import { count, list } from '../fields.ts'
import type { Protocol } from '../protocol.ts'
import { missing } from '../shortfall.ts'
import { ITEM_NAMES, type ItemName } from './items.ts'

const itemName = v.picklist(ITEM_NAMES)

export const sysinfoRequest = v.object({
  items: v.pipe(list(itemName, ITEM_NAMES.length), v.minLength(1)),
  /** For how long counters are watched, ms. */
  watch: v.optional(v.pipe(count, v.maxValue(1_000)))
})

/** Characters of a file: a member cuts at 2 MiB. */
const fileText = v.pipe(v.string(), v.maxLength(4 * 1024 * 1024))
const fileName = v.pipe(v.string(), v.regex(/^[a-z][a-z-]{0,40}\.(json|txt)$/, 'not a file of a snapshot'))
export const sysinfoFile = v.object({ file: fileName, text: fileText })
export type SysinfoFile = v.InferOutput<typeof sysinfoFile>

const sysinfoResponse = v.variant('type', [
  v.object({ type: v.literal('file'), ...sysinfoFile.entries }),
  /** What could not be read or was cut off. */
  v.object({ type: v.literal('missing'), missing: list(missing, 64) })
])
export type SysinfoResponse = v.InferOutput<typeof sysinfoResponse>

export const sysinfoProtocol: Protocol<{ items: ItemName[]; watch?: number | undefined }, SysinfoResponse> = {
  id: '/bak/sysinfo/1.0.0',
  request: sysinfoRequest,
  response: sysinfoResponse,
  // the slowest item takes 20 s, and says nothing before it is there
  timeout: 30_000,
  maxFrame: 8 * 1024 * 1024,
  maxRequest: 4096
}
