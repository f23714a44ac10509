/** Returns the bytes it is sent. A preflight checks with it that a path carries what a run needs. */
import * as v from 'valibot'
import { bytes } from './fields.ts'
import type { Protocol } from './stream.ts'

export interface Echoed {
  bytes: Uint8Array
}
const MAX_ECHO_BYTES = 64 * 1024
export const echoProtocol: Protocol<Echoed, Echoed> = {
  id: '/bak/echo/1.0.0',
  request: v.object({ bytes: bytes(MAX_ECHO_BYTES) }),
  response: v.object({ bytes: bytes(MAX_ECHO_BYTES) }),
  timeout: 10_000,
  maxFrame: MAX_ECHO_BYTES + 1024
}
