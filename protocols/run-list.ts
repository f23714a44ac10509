/** Asks a peer for the runs whose folder it has. What it says of them is its own word until `bak show` or `bak verify` has checked it. */
import * as v from 'valibot'
import { type RunLine, runLine } from './control/results.ts'
import { list } from './fields.ts'
import type { Protocol } from './stream.ts'

/** Of a peer with more runs the newest are told: so many, and as many as fit into a frame. */
export const MAX_LISTED = 2_000
const MAX_FRAME = 4 * 1024 * 1024
/** Of their JSON, which is longer than their CBOR. */
const MAX_BYTES = MAX_FRAME - 64 * 1024

export interface RunList {
  runs: RunLine[]
  /** Whether the peer has further ones, which are older. */
  more?: boolean
}

export const runListProtocol: Protocol<Record<string, never>, RunList> = {
  id: '/bak/run-list/1.0.0',
  request: v.object({}) as never,
  response: v.object({ runs: list(runLine, MAX_LISTED), more: v.optional(v.boolean()) }),
  timeout: 5_000,
  maxFrame: MAX_FRAME
}

/** @param all oldest first. @returns those that one answer holds */
export function cutRunList(all: RunLine[]): RunList {
  let bytes = 0
  const tooMany = all.findLastIndex((line, i) => {
    bytes += Buffer.byteLength(JSON.stringify(line)) + 1
    return bytes > MAX_BYTES || i < all.length - MAX_LISTED
  })
  return { runs: all.slice(tooMany + 1), ...(tooMany >= 0 && { more: true }) }
}
