/** Content by digest: an offer, a manifest, a certificate. The peer that asks sets the pace, one portion a request. */
import * as v from 'valibot'
import { bytes, count, digest } from './fields.ts'
import type { Protocol } from './stream.ts'

/** Largest portion, bytes. */
const MAX_PORTION_BYTES = 1024 * 1024

export const getProtocol: Protocol<
  { digest: string; offset: number; length: number },
  { total: number; bytes: Uint8Array }
> = {
  id: '/bak/get/1.0.0',
  request: v.object({ digest, offset: count, length: v.pipe(count, v.maxValue(MAX_PORTION_BYTES)) }),
  response: v.object({ total: count, bytes: bytes(MAX_PORTION_BYTES) }),
  timeout: 15_000,
  maxFrame: MAX_PORTION_BYTES + 1024,
  maxRequest: 1024
}
