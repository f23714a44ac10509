/** Asks the controller of a run to cancel it. */
import * as v from 'valibot'
import { runId, text } from './fields.ts'
import type { Protocol } from './stream.ts'

export const cancelProtocol: Protocol<{ run: string; reason: string }, { accepted: boolean }> = {
  id: '/bak/cancel/1.0.0',
  request: v.object({ run: runId, reason: text }),
  response: v.object({ accepted: v.boolean() }),
  timeout: 10_000,
  maxFrame: 16 * 1024
}
