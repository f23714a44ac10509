/** The messages of the tarball protocol, and the offer that describes a tarball in them. */
import * as v from 'valibot'
import { type Envelope, envelope, open as openEnvelope, type Subject } from '../envelope.ts'
import { BakError } from '../errors.ts'
import { count, digest, instant, list, milliseconds, bytes as plainBytes, runId, text } from '../fields.ts'
import type { Protocol } from '../stream.ts'
import { MAX_WINDOW_PORTIONS } from './pace.ts'
import { MAX_SMALL_BYTES } from './slots.ts'

/** Largest portion. */
export const PORTION_BYTES = 1024 * 1024
/** Longest silence of either side. */
export const SILENCE_TIMEOUT_MS = 30_000

export const tarballKind = v.picklist(['sample', 'sysinfo', 'tools', 'run'])
export type TarballKind = v.InferOutput<typeof tarballKind>

/** Names a tarball and the paths in it. */
export const tarballOffer = v.object({
  run: runId,
  /** For people: `sysinfo begin`, `1-default/sample1`, `persistent tools`. */
  what: text,
  kind: tarballKind,
  /** SHA-256 of the tarball. */
  digest,
  bytes: count,
  /** Paths in the run's folder that it fills. The receiver knows which of them are the sender's to fill. */
  allow: list(text, 512)
})
export type TarballOffer = v.InferOutput<typeof tarballOffer>

/** "It is here, whole, and in its place." */
export const receipt = v.object({ run: runId, what: text, digest, bytes: count, at: instant })
export type Receipt = v.InferOutput<typeof receipt>
export const receiptSubject: Subject<Receipt> = { name: 'receipt', schema: receipt }

const portion = { offset: count, length: v.pipe(count, v.minValue(1), v.maxValue(PORTION_BYTES)) }
const toReceiver = v.variant('type', [
  /** A small tarball comes with its offer. */
  v.object({ type: v.literal('offer'), ...tarballOffer.entries, whole: v.optional(plainBytes(MAX_SMALL_BYTES)) }),
  /** So many plain bytes come behind it. */
  v.object({ type: v.literal('data'), ...portion })
])
const toSender = v.variant('type', [
  v.object({ type: v.literal('wait'), after: milliseconds }),
  v.object({ type: v.literal('have'), receipt: envelope }),
  v.object({ type: v.literal('want'), ...portion }),
  v.object({ type: v.literal('pulse') }),
  v.object({ type: v.literal('receipt'), receipt: envelope })
])
export type ToReceiver = v.InferOutput<typeof toReceiver>
export type ToSender = v.InferOutput<typeof toSender>

export const tarballProtocol: Protocol<ToReceiver, ToSender> = {
  id: '/bak/tarball/1.0.0',
  request: toReceiver,
  response: toSender,
  timeout: SILENCE_TIMEOUT_MS,
  maxFrame: PORTION_BYTES,
  maxUnread: MAX_WINDOW_PORTIONS * (PORTION_BYTES + 1024)
}

/** @throws {BakError} `bad-signature` or `bad-message` unless `by` signed that it has this tarball */
export function checkReceipt(offer: TarballOffer, sealed: Envelope, by: string): Envelope {
  const { by: signer, value } = openEnvelope(receiptSubject, sealed)
  if (signer !== by) throw new BakError('bad-signature', `the receipt is signed by ${signer}, not by ${by}`)
  const same = (['run', 'what', 'digest', 'bytes'] as const).every(key => value[key] === offer[key])
  if (!same) throw new BakError('bad-message', `the receipt is for ${value.what}, not for ${offer.what}`)
  return sealed
}
