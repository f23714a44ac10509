/** Compares two clocks by four timestamps: the caller's when it asked, the other's when it heard and when it answered. */
import * as v from 'valibot'
import { instant } from './fields.ts'
import type { Protocol } from './stream.ts'

export const clockProtocol: Protocol<{ asked: number }, { asked: number; heard: number; answered: number }> = {
  id: '/bak/clock/1.0.0',
  request: v.object({ asked: instant }),
  response: v.object({ asked: instant, heard: instant, answered: instant }),
  timeout: 5_000,
  maxFrame: 1024
}
