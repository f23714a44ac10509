/**
 * How tarballs travel, one a stream. The member that has one opens the stream and offers it. The receiver answers that it
 * is to come again later (`wait`), that it has it already (`have`), or asks for portions of it (`want`), each of which the
 * member answers with `data`. The receiver sets the pace: it asks for the next portion when it has stored one, and for up
 * to four at once where the way is long compared with its disk. When all is there and its digest is right it answers with
 * a signed receipt, and only then may the member delete its copy. While the receiver is busy for long it sends `pulse`.
 *
 * A stream that breaks is opened again, with the same offer, and the receiver asks for what it has not got. If the digest
 * is wrong the receiver starts over once, then gives up with `mismatch`.
 */
import * as v from 'valibot'
import { type Envelope, envelope, open as openEnvelope, type Signer, type Subject, seal } from './envelope.ts'
import { asBakError, BakError, type ErrorCode } from './errors.ts'
import { bytes, count, digest, instant, list, milliseconds, runId, text } from './fields.ts'
import { type Call, call, type Exchange, type Handler, type Opener, type Protocol } from './stream.ts'

/** Largest portion, in bytes. */
export const PORTION = 1024 * 1024
/** Portions that may be under way at once. */
export const MAX_WINDOW = 4
/** Tarballs up to this many bytes pass without a slot: there is nothing to hold back. */
export const SMALL = 64 * 1024
/** Who is told to wait without a time waits so long, in ms. */
const WAIT = 100
const LONGEST_WAIT = 10_000
const TIMEOUT = 30_000
const PROGRESS_EVERY = 100

export const parcelKind = v.picklist(['tools', 'sysinfo', 'run'])
export type ParcelKind = v.InferOutput<typeof parcelKind>

/** A tarball: what it is, and what is in it. */
export const parcel = v.object({
  run: runId,
  /** For people: `sysinfo begin`, `1-default/sample1`. */
  what: text,
  kind: parcelKind,
  /** SHA-256 of the tarball. */
  digest,
  bytes: count,
  /** Paths in the run's folder that it fills. The receiver knows which of them are the sender's to fill. */
  allow: list(text, 512)
})
export type Parcel = v.InferOutput<typeof parcel>

/** "It is here, whole, and in its place." */
export const receipt = v.object({ run: runId, what: text, digest, bytes: count, at: instant })
export type Receipt = v.InferOutput<typeof receipt>
export const receiptSubject: Subject<Receipt> = { name: 'receipt', schema: receipt }

const portion = { offset: count, length: v.pipe(count, v.minValue(1), v.maxValue(PORTION)) }
const toReceiver = v.variant('type', [
  v.object({ type: v.literal('offer'), ...parcel.entries }),
  v.object({ type: v.literal('data'), offset: count, bytes: bytes(PORTION) })
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
  timeout: TIMEOUT,
  maxFrame: 2 * PORTION
}

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

const AGAIN: ErrorCode[] = [
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
export async function sendTarball(open: Opener, offer: Parcel, source: Source, options: SendOptions): Promise<Sent> {
  const { signal, to, onRetry = () => {} } = options
  const report = rarely(options.onProgress)
  let waited = 0
  let reopened = 0
  let inVain = 0
  for (;;) {
    let again: { reason: BakError; after: number }
    try {
      const answer = await converse(bounded(open, signal), offer, source, signal, done => {
        inVain = 0
        report(done, offer.bytes)
      })
      if ('receipt' in answer) return { receipt: checkReceipt(offer, answer.receipt, to), waited, reopened }
      const reason = new BakError('not-ready', 'the receiver said wait')
      again = { reason, after: jittered(answer.after || WAIT, Math.min(waited++, 2)) }
    } catch (cause) {
      if (signal.aborted) throw asBakError(signal.reason)
      const reason = asBakError(cause)
      if (!AGAIN.includes(reason.code)) throw reason
      reopened++
      again = { reason, after: inVain === 0 ? 0 : jittered(WAIT, inVain) }
      inVain++
    }
    onRetry(again.reason, again.after)
    await pause(again.after, signal)
  }
}

/** @throws {BakError} `bad-signature` or `bad-message` unless `by` signed that it has this parcel */
export function checkReceipt(offer: Parcel, sealed: Envelope, by: string): Envelope {
  const { by: signer, value } = openEnvelope(receiptSubject, sealed)
  if (signer !== by) throw new BakError('bad-signature', `the receipt is signed by ${signer}, not by ${by}`)
  const same = (['run', 'what', 'digest', 'bytes'] as const).every(key => value[key] === offer[key])
  if (!same) throw new BakError('bad-message', `the receipt is for ${value.what}, not for ${offer.what}`)
  return sealed
}

type Answer = { receipt: Envelope } | { after: number }

/** One stream, from the offer to its answer. */
async function converse(
  open: Opener,
  offer: Parcel,
  source: Source,
  signal: AbortSignal,
  onSent: (done: number) => void
): Promise<Answer> {
  const exchange = await call(open, tarballProtocol, { signal })
  try {
    const { run, what, kind, digest, bytes, allow } = offer
    await exchange.send({ type: 'offer', run, what, kind, digest, bytes, allow })
    return await answerWants(exchange, offer, source, onSent)
  } catch (error) {
    exchange.abort(error as Error)
    throw error
  } finally {
    await exchange.close()
  }
}

async function answerWants(
  exchange: Call<ToReceiver, ToSender>,
  offer: Parcel,
  source: Source,
  onSent: (done: number) => void
): Promise<Answer> {
  for (;;) {
    const answer = await exchange.receive()
    if (answer === undefined) throw new BakError('unreachable', 'the receiver ended the stream without an answer')
    if (answer.type === 'want') {
      await exchange.send({ type: 'data', offset: answer.offset, bytes: await readPortion(offer, source, answer) })
      onSent(answer.offset + answer.length)
    } else if (answer.type !== 'pulse') return answer
  }
}

async function readPortion(
  offer: Parcel,
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

/** Where a tarball goes. */
export interface Sink {
  /** Bytes that are there already. */
  size(): number
  append(offset: number, bytes: Uint8Array): Promise<void>
  /** Verifies the whole and puts it to its place. @throws {BakError} `mismatch`, and `size()` is 0 again */
  finish(): Promise<void>
  /** Comes last, whatever happened; what is there may be gone on with. */
  close(): Promise<void>
}

/** `wait` in ms, 0 for the usual time; a refusal is thrown as a `BakError`. */
export type Admission = { wait: number } | { have: Envelope } | { sink: Sink }

export interface ReceiveInit {
  signer: Signer
  /** Decides on an offer: whether the run is known, whose paths they are, whether there is room. */
  admit(offer: Parcel, peer: string): Promise<Admission>
  /** Bounds the tarballs that come at once. */
  slots?: Slots
  /** Keeps the receipt before it is sent, so that the next offer of the same is answered `have`. */
  onReceipt?(offer: Parcel, receipt: Envelope, peer: string): Promise<void>
  /** Bytes so far, at most ten times a second. */
  onProgress?(offer: Parcel, done: number, peer: string): void
  now?(): number
}

/** The receiver's handler. An offer that comes again on a new stream ends the old one. */
export function receiveTarball(init: ReceiveInit): Handler<ToReceiver, ToSender> {
  const current = new Map<string, Reception>()
  return async function* (first, exchange) {
    if (first.type !== 'offer') throw new BakError('bad-message', 'the first message is not an offer')
    const { type: _, ...offer } = first
    const key = `${exchange.peer} ${offer.digest}`
    const before = current.get(key)
    const reception = new Reception(exchange)
    current.set(key, reception)
    try {
      before?.supersede()
      if (before != null) yield* pulsing(before.ended)
      yield* receiveOne(init, offer, reception)
    } finally {
      if (current.get(key) === reception) current.delete(key)
      reception.end()
    }
  }
}

async function* receiveOne(init: ReceiveInit, offer: Parcel, reception: Reception): AsyncGenerator<ToSender> {
  const release = offer.bytes <= SMALL ? () => {} : init.slots == null ? () => {} : init.slots.tryTake()
  if (release === undefined) return yield { type: 'wait', after: 0 }
  try {
    const admission = yield* pulsing(init.admit(offer, reception.peer))
    if ('wait' in admission) return yield { type: 'wait', after: admission.wait }
    if ('have' in admission) return yield { type: 'have', receipt: admission.have }
    try {
      yield* fill(init, offer, admission.sink, reception)
    } finally {
      await admission.sink.close()
    }
    const { run, what, digest, bytes } = offer
    const at = (init.now ?? Date.now)()
    const sealed = seal(receiptSubject, { run, what, digest, bytes, at }, init.signer)
    await init.onReceipt?.(offer, sealed, reception.peer)
    yield { type: 'receipt', receipt: sealed }
  } finally {
    release()
  }
}

async function* fill(init: ReceiveInit, offer: Parcel, sink: Sink, reception: Reception): AsyncGenerator<ToSender> {
  const report = rarely((done: number) => init.onProgress?.(offer, done, reception.peer))
  for (let last = false; ; last = true) {
    if (sink.size() > offer.bytes) throw new BakError('mismatch', `more than the ${offer.bytes} bytes offered are here`)
    yield* fetchRest(offer, sink, reception, report)
    try {
      return yield* pulsing(sink.finish())
    } catch (error) {
      if (last || asBakError(error).code !== 'mismatch' || sink.size() !== 0) throw error
    }
  }
}

/** Asks for what is missing, as many portions at once as pay. */
async function* fetchRest(
  offer: Parcel,
  sink: Sink,
  reception: Reception,
  report: (done: number, total: number) => void
): AsyncGenerator<ToSender> {
  const asked: { offset: number; length: number; since: number }[] = []
  const pace = new Pace()
  for (let next = sink.size(); sink.size() < offer.bytes; ) {
    while (next < offer.bytes && asked.length < pace.window) {
      const length = Math.min(PORTION, offer.bytes - next)
      asked.push({ offset: next, length, since: performance.now() })
      yield { type: 'want', offset: next, length }
      next += length
    }
    const [want] = asked as [(typeof asked)[number]]
    const data = checkData(want, await reception.receive())
    const arrived = performance.now()
    yield* pulsing(sink.append(want.offset, data))
    asked.shift()
    pace.note(arrived - want.since, performance.now() - arrived)
    report(sink.size(), offer.bytes)
  }
}

function checkData(want: { offset: number; length: number }, message: ToReceiver | undefined): Uint8Array {
  if (message === undefined) throw new BakError('unreachable', `the sender went away at byte ${want.offset}`)
  if (message.type !== 'data') throw new BakError('bad-message', `asked for data, got a second ${message.type}`)
  if (message.offset === want.offset && message.bytes.length === want.length) return message.bytes
  throw new BakError(
    'bad-message',
    `asked for ${want.length} bytes at ${want.offset}, got ${message.bytes.length} at ${message.offset}`
  )
}

/** How many portions to have under way: as many as can be stored in the time that one takes to come. */
export class Pace {
  window = 1
  #shortest = Number.POSITIVE_INFINITY
  #storing: number | undefined

  /** @param came ms from asking for a portion to having it @param stored ms to store it */
  note(came: number, stored: number): void {
    this.#shortest = Math.min(this.#shortest, came)
    this.#storing = this.#storing === undefined ? stored : 0.75 * this.#storing + 0.25 * stored
    const pays = Math.ceil(this.#shortest / Math.max(this.#storing, 0.01) + 0.5)
    this.window = Math.min(MAX_WINDOW, Math.max(1, pays))
  }
}

/** How many tarballs may come at once. */
export class Slots {
  readonly limit: number
  #taken = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get taken(): number {
    return this.#taken
  }

  /** @returns what gives the slot back, or undefined if all are taken */
  tryTake(): (() => void) | undefined {
    if (this.#taken >= this.limit) return undefined
    this.#taken++
    let held = true
    return () => {
      if (held) this.#taken--
      held = false
    }
  }
}

/** One stream at the receiver, which ends when its sender comes with another. */
class Reception {
  readonly peer: string
  readonly ended: Promise<void>
  readonly end: () => void
  readonly supersede: () => void
  readonly #exchange: Exchange<ToReceiver>
  readonly #superseded: Promise<never>

  constructor(exchange: Exchange<ToReceiver>) {
    this.#exchange = exchange
    this.peer = exchange.peer
    const ended = Promise.withResolvers<void>()
    this.ended = ended.promise
    this.end = ended.resolve
    const superseded = Promise.withResolvers<never>()
    superseded.promise.catch(() => {})
    this.#superseded = superseded.promise
    this.supersede = () => superseded.reject(new BakError('interrupted', 'the sender came again on another stream'))
  }

  receive(): Promise<ToReceiver | undefined> {
    const message = this.#exchange.receive()
    message.catch(() => {})
    return Promise.race([message, this.#superseded])
  }
}

/** Waits for `work`, and meanwhile tells the other side that it goes on. */
async function* pulsing<T>(work: Promise<T>): AsyncGenerator<{ type: 'pulse' }, T> {
  const settled = work.then(
    () => true,
    () => true
  )
  try {
    for (;;) {
      const beat = Promise.withResolvers<boolean>()
      const timer = setTimeout(() => beat.resolve(false), TIMEOUT / 3)
      const over = await Promise.race([settled, beat.promise]).finally(() => clearTimeout(timer))
      if (over) return await work
      yield { type: 'pulse' }
    }
  } finally {
    // nobody may close what is still being worked on
    await settled
  }
}

/** Opening takes no longer than an answer may; what goes wrong in it can be tried again. */
function bounded(open: Opener, signal: AbortSignal): Opener {
  const opened: Opener = async (id, options) => {
    try {
      return await open(id, { ...options, signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]) })
    } catch (cause) {
      if (cause instanceof BakError) throw cause
      throw new BakError('unreachable', `no stream to the receiver: ${(cause as Error).message}`, { cause })
    }
  }
  return Object.assign(opened, { local: open.local })
}

/** Doubles with each attempt, up to ten seconds, give or take half of it. */
const jittered = (ms: number, attempt: number) =>
  Math.min(LONGEST_WAIT, ms * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random())

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>()
  const timer = setTimeout(over.resolve, ms)
  const stop = () => over.reject(asBakError(signal.reason))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  await over.promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  })
}

/** Calls `report` at most ten times a second, and always for the last byte. */
function rarely(report: (done: number, total: number) => void = () => {}): (done: number, total: number) => void {
  let last = Number.NEGATIVE_INFINITY
  return (done, total) => {
    if (done < total && performance.now() - last < PROGRESS_EVERY) return
    last = performance.now()
    report(done, total)
  }
}
