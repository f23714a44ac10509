/** Asks a peer for the runs whose folder it has. What it says of them is its own word until `bak show` or `bak verify` has checked it. */
import * as v from 'valibot'
import { type RunLine, runLine } from './control/results.ts'
import { list } from './fields.ts'
import type { Protocol } from './stream.ts'

/** Of a peer with more runs the newest are told. */
export const MAX_LISTED = 2_000

export const runListProtocol: Protocol<Record<string, never>, { runs: RunLine[] }> = {
  id: '/bak/run-list/1.0.0',
  request: v.object({}) as never,
  response: v.object({ runs: list(runLine, MAX_LISTED) }),
  timeout: 5_000,
  maxFrame: 4 * 1024 * 1024
}
