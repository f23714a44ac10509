/** The member's end: offers its tarball and answers what it is asked for, until it has a receipt. */
import type { Envelope } from '../envelope.ts'
import { asBakError, BakError, type ErrorCode } from '../errors.ts'
import { pass } from '../gc-hint.ts'
import { type Call, callWith, type Opener } from '../stream.ts'
import { checkReceipt, type TarballOffer, type ToReceiver, type ToSender, tarballProtocol } from './messages.ts'
import { MAX_SMALL_BYTES } from './slots.ts'
import { jittered, pause, rarely } from './waits.ts'

/** The wait of a sender where the receiver names none. */
const DEFAULT_WAIT_MS = 100

/** What the sender has at hand. */
export interface Source {
  /** @returns exactly `length` bytes from `offset`; fewer is a damaged tarball */
  read(offset: number, length: number): Promise<Uint8Array>
}

export interface SendOptions {
  /** Gives up; the tarball stays where it is. */
  signal: AbortSignal
  /** The peer that must sign the receipt. */
  to: string
  /** Bytes given so far, at most ten times a second. */
  onProgress?: (done: number, total: number) => void
  /** Why it is tried again, and after how many ms. */
  onRetry?: (reason: BakError, after: number) => void
}

export interface Sent {
  receipt: Envelope
  /** How often the receiver said wait, and how often the stream broke. */
  waited: number
  reopened: number
}

const RETRIED_CODES: ErrorCode[] = [
  'unreachable',
  'timeout',
  'busy',
  'not-ready',
  'interrupted',
  'lost',
  'left',
  'no-such-peer'
]

/**
 * Offers a tarball until it has a receipt for it, through waits and broken streams.
 * @throws {BakError} what the signal was aborted with; `no-space`, `mismatch`, `not-allowed` and what else the receiver
 * refuses it with; `bad-signature` if the receipt is not by `to`
 */
export async function sendTarball(
  open: Opener,
  offer: TarballOffer,
  source: Source,
  options: SendOptions
): Promise<Sent> {
  const { signal, to, onRetry = () => {} } = options
  const report = rarely(options.onProgress)
  let waited = 0
  let reopened = 0
  let inVain = 0
  for (;;) {
    let again: { reason: BakError; after: number }
    try {
      const answer = await converse(open, offer, source, signal, done => {
        inVain = 0
        report(done, offer.bytes)
      })
      if ('receipt' in answer) {
        if (offer.bytes <= MAX_SMALL_BYTES) report(offer.bytes, offer.bytes)
        return { receipt: checkReceipt(offer, answer.receipt, to), waited, reopened }
      }
      const reason = new BakError('not-ready', 'the receiver said wait')
      again = { reason, after: jittered(answer.after || DEFAULT_WAIT_MS, Math.min(waited++, 2)) }
    } catch (cause) {
      if (signal.aborted) throw asBakError(signal.reason)
      const reason = asBakError(cause)
      if (!RETRIED_CODES.includes(reason.code)) throw reason
      reopened++
      again = { reason, after: inVain === 0 ? 0 : jittered(DEFAULT_WAIT_MS, inVain) }
      inVain++
    }
    onRetry(again.reason, again.after)
    await pause(again.after, signal)
  }
}

type Answer = { receipt: Envelope } | { after: number }

/** One stream, from the offer to its answer. */
async function converse(
  open: Opener,
  offer: TarballOffer,
  source: Source,
  signal: AbortSignal,
  onSent: (done: number) => void
): Promise<Answer> {
  return callWith(open, tarballProtocol, { signal }, async exchange => {
    const { run, what, kind, digest, bytes, allow } = offer
    const whole = bytes <= MAX_SMALL_BYTES ? await readPortion(offer, source, { offset: 0, length: bytes }) : undefined
    await exchange.send({ type: 'offer', run, what, kind, digest, bytes, allow, whole })
    return answerWants(exchange, offer, source, onSent)
  })
}

/** Reads a portion while the one before it is sent. */
async function answerWants(
  exchange: Call<ToReceiver, ToSender>,
  offer: TarballOffer,
  source: Source,
  onSent: (done: number) => void
): Promise<Answer> {
  let sending: Promise<void> = Promise.resolve()
  const send = async ({ offset, length }: { offset: number; length: number }, plain: Uint8Array) => {
    await exchange.send({ type: 'data', offset, length }, plain)
    pass(length)
    onSent(offset + length)
  }
  for (;;) {
    const answer = await exchange.receive()
    if (answer === undefined) throw new BakError('unreachable', 'the receiver ended the stream without an answer')
    if (answer.type === 'want') {
      const plain = await readPortion(offer, source, answer)
      await sending
      sending = send(answer, plain)
      sending.catch(() => {})
    } else if (answer.type !== 'pulse') return answer
  }
}

async function readPortion(
  offer: TarballOffer,
  source: Source,
  { offset, length }: { offset: number; length: number }
): Promise<Uint8Array> {
  if (offset + length > offer.bytes) {
    throw new BakError('bad-message', `${offer.bytes} bytes were offered; asked for ${length} at ${offset}`)
  }
  const read = await source.read(offset, length)
  if (read.length === length) return read
  throw new BakError('damaged', `the tarball ${offer.digest} has ${offset + read.length} bytes, not ${offer.bytes}`)
}
