/** The controller's end: decides on an offer, asks for what is missing, and signs for the whole. */
import { type Envelope, type Signer, seal } from '../envelope.ts'
import { asBakError, BakError } from '../errors.ts'
import { beginTransfer, pass } from '../gc-hint.ts'
import type { Carrier } from '../path.ts'
import type { Handler } from '../stream.ts'
import { PORTION_BYTES, receiptSubject, type TarballOffer, type ToReceiver, type ToSender } from './messages.ts'
import { Pace } from './pace.ts'
import { pulsing, Reception } from './reception.ts'
import { MAX_SMALL_BYTES, type Slots } from './slots.ts'
import { rarely } from './waits.ts'

/** Where a tarball goes. */
export interface Sink {
  /** Bytes that are there already. */
  size(): number
  /** @param bytes are others once it has resolved */
  append(offset: number, bytes: Uint8Array): Promise<void>
  /** Verifies the whole and puts it to its place. @throws {BakError} `mismatch`, and `size()` is 0 again */
  finish(): Promise<void>
  /** Keeps the receipt, so that the next offer of the same can be answered `have`; it is sent after that. */
  keep(receipt: Envelope): Promise<void>
  /** Comes last, whatever happened; what is there may be gone on with. */
  close(): Promise<void>
}

/** `wait` in ms, 0 for the usual time; a refusal is thrown as a `BakError`. */
export type Admission = { wait: number } | { have: Envelope } | { sink: Sink }

export interface ReceiveInit {
  signer: Signer
  /** Decides on an offer: whether the run is known, whose paths they are, whether there is room. */
  admit(offer: TarballOffer, peer: string, carrier?: Carrier): Promise<Admission>
  /** Bounds the tarballs that come at once. */
  slots?: Slots
  /** An offer has to wait, since as many tarballs come as may come at once. */
  onWait?(offer: TarballOffer, peer: string): void
  /** Bytes so far, at most ten times a second. What it throws ends the transfer. */
  onProgress?(offer: TarballOffer, done: number, peer: string): void
  now?(): number
}

/** The receiver's handler. An offer that comes again on a new stream ends the old one. */
export function receiveTarball(init: ReceiveInit): Handler<ToReceiver, ToSender> {
  const current = new Map<string, Reception>()
  return async function* (first, exchange) {
    if (first.type !== 'offer') throw new BakError('bad-message', 'the first message is not an offer')
    const { type: _, whole, ...offer } = first
    if (whole != null && whole.length !== offer.bytes) {
      throw new BakError('bad-message', `${offer.bytes} bytes were offered, ${whole.length} came with the offer`)
    }
    const key = `${exchange.peer} ${offer.digest}`
    const before = current.get(key)
    const reception = new Reception(exchange)
    current.set(key, reception)
    try {
      before?.supersede()
      if (before != null) yield* pulsing(before.ended)
      yield* receiveOne(init, { offer, whole }, reception)
    } finally {
      if (current.get(key) === reception) current.delete(key)
      reception.end()
    }
  }
}

interface Transfer {
  offer: TarballOffer
  /** The tarball, where it came with its offer. */
  whole: Uint8Array | undefined
}

async function* receiveOne(init: ReceiveInit, came: Transfer, reception: Reception): AsyncGenerator<ToSender> {
  const { offer } = came
  const release = offer.bytes <= MAX_SMALL_BYTES ? () => {} : init.slots == null ? () => {} : init.slots.tryTake()
  if (release === undefined) {
    init.onWait?.(offer, reception.peer)
    return yield { type: 'wait', after: 0 }
  }
  try {
    const admission = yield* pulsing(init.admit(offer, reception.peer, reception.carrier))
    if ('wait' in admission) return yield { type: 'wait', after: admission.wait }
    if ('have' in admission) return yield { type: 'have', receipt: admission.have }
    const { sink } = admission
    const { run, what, digest, bytes } = offer
    const end = beginTransfer()
    let sealed: Envelope
    try {
      yield* fill(init, came, sink, reception)
      const at = (init.now ?? Date.now)()
      sealed = seal(receiptSubject, { run, what, digest, bytes, at }, init.signer)
      yield* pulsing(sink.keep(sealed))
    } finally {
      end()
      await sink.close()
    }
    yield { type: 'receipt', receipt: sealed }
  } finally {
    release()
  }
}

async function* fill(
  init: ReceiveInit,
  { offer, whole }: Transfer,
  sink: Sink,
  reception: Reception
): AsyncGenerator<ToSender> {
  const report = rarely((done: number) => init.onProgress?.(offer, done, reception.peer))
  if (whole != null && sink.size() === 0) {
    await sink.append(0, whole)
    report(whole.length, whole.length)
  }
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

interface Want {
  offset: number
  length: number
  /** When it was asked for, and how many were in flight then, itself included. */
  since: number
  inFlight: number
}

/** Asks for what is missing, as many portions at once as pay; one is stored while the next is on its way. */
async function* fetchRest(
  offer: TarballOffer,
  sink: Sink,
  reception: Reception,
  report: (done: number, total: number) => void
): AsyncGenerator<ToSender> {
  const asked: Want[] = []
  const pace = new Pace()
  let storing: Promise<unknown> = Promise.resolve()
  // one is filled while the other is stored
  const room = Array.from({ length: 2 }, () => new Uint8Array(Math.min(PORTION_BYTES, offer.bytes - sink.size())))
  const store = async (want: Want, bytes: Uint8Array) => {
    const came = performance.now() - want.since
    await sink.append(want.offset, bytes)
    pass(want.length)
    pace.note(came, want.inFlight)
    report(sink.size(), offer.bytes)
  }
  try {
    for (let next = sink.size(); next < offer.bytes || asked.length > 0; ) {
      while (next < offer.bytes && asked.length < pace.window) {
        const length = Math.min(PORTION_BYTES, offer.bytes - next)
        asked.push({ offset: next, length, since: performance.now(), inFlight: asked.length + 1 })
        yield { type: 'want', offset: next, length }
        next += length
      }
      const want = asked.shift() as Want
      checkData(want, await reception.receive())
      const bytes = (room.reverse()[0] as Uint8Array).subarray(0, want.length)
      await reception.receivePlain(bytes)
      yield* pulsing(storing)
      storing = store(want, bytes)
      storing.catch(() => {})
    }
    yield* pulsing(storing)
  } finally {
    // nobody may close what is still being written
    await storing.catch(() => {})
  }
}

function checkData(want: Want, message: ToReceiver | undefined): void {
  if (message === undefined) throw new BakError('unreachable', `the sender went away at byte ${want.offset}`)
  if (message.type !== 'data') throw new BakError('bad-message', `asked for data, got a second ${message.type}`)
  if (message.offset === want.offset && message.length === want.length) return
  throw new BakError(
    'bad-message',
    `asked for ${want.length} bytes at ${want.offset}, got ${message.length} at ${message.offset}`
  )
}
