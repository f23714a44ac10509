/** The first frames on an encrypted connection: each side shows its proof and says whether it lets the other in. */
import type { MessageStream, SecuredConnection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import {
  MAX_ADMISSION_FRAME,
  type Refusal,
  type RefusalCode,
  type Shown,
  shown,
  type Verdict,
  verdict
} from '../../../protocols/admission.ts'
import { decode, encode } from '../../../protocols/codec.ts'
import { BakError } from '../../../protocols/errors.ts'

/** Both frames of the other side must be there by then, ms. */
const DEADLINE = 5_000
/** Two bytes of length before each; what the other side may send behind its frames before we have read them is bounded. */
const FRAMES = {
  lengthEncoder: (length: number) => Uint8Array.of(length >> 8, length & 0xff),
  lengthDecoder: (bytes: Uint8Array | Uint8ArrayList) => {
    if (bytes.byteLength < 2) throw new RangeError('more is to come')
    const [high, low] = bytes.subarray(0, 2) as unknown as [number, number]
    return high * 256 + low
  },
  maxDataLength: MAX_ADMISSION_FRAME,
  maxBufferSize: 256 * 1024
}
/** The last words of who hangs up are given this long to arrive, ms. */
const FAREWELL = 1_000

/** What a peer shows, and how it judges what others show. */
export interface Admission {
  /** Absent for the founder. */
  readonly shows: Uint8Array | undefined
  /**
   * @param peer who is at the other end, proven by the handshake
   * @param generation of the secret that the other side used
   * @returns why it is not let in; undefined if it is
   */
  judge(peer: string, shown: Shown, generation: number): Refusal | undefined
}

/** One of the two sides does not let the other in. */
export class Refused extends BakError {
  readonly refusal: Refusal
  /** Who decided. */
  readonly by: 'us' | 'them'

  constructor(refusal: Refusal, by: 'us' | 'them', options?: ErrorOptions) {
    super('not-allowed', refusal.reason, options)
    this.refusal = refusal
    this.by = by
  }
}

export interface ExchangeOptions {
  signal?: AbortSignal
  /** ms */
  deadline?: number
  /** This side's half of the key of TLS, where the connection has a socket that turns. */
  half?: Uint8Array
}

/**
 * @returns the same connection, with what came behind the frames still to be read, and the other side's half where this side gave one:
 * then nothing came behind them
 * @throws {Refused} when either side refuses, or the other does not answer in time
 */
export async function exchangeProofs(
  secured: SecuredConnection,
  generation: number,
  admission: Admission,
  { signal, deadline = DEADLINE, half }: ExchangeOptions = {}
): Promise<SecuredConnection & { half?: Uint8Array }> {
  const { connection, remotePeer } = secured
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(deadline)].filter(each => each != null))
  const frames = lpStream(connection, FRAMES)
  const send = (value: Shown | Verdict) => frames.write(encode(value), { signal: waiting })
  const read = async (signal = waiting) => (await frames.read({ signal })).subarray()
  let refusal: Refusal | undefined
  try {
    const turns = half != null
    await send({ proof: admission.shows, at: Date.now(), turns })
    refusal = judgeFrame(
      await read(),
      each => admission.judge(remotePeer.toString(), each, generation) ?? judgeTurn(turns, each.turns === true)
    )
  } catch (cause) {
    refusal = whyBroken(cause as Error, waiting)
  }
  let theirs: Refusal | undefined
  let theirHalf: Uint8Array | undefined
  try {
    if (refusal == null) await send({ half })
    else await send({ refused: { ...refusal, reason: refusal.reason.slice(0, 1024) } })
    // who is refused is not waited for long
    const said = decode(verdict, await read(refusal == null ? waiting : AbortSignal.timeout(FAREWELL)))
    theirs = inPlainLetters(said)
    theirHalf = said.half
    frames.unwrap()
    if (theirs == null && half != null) refusal ??= judgeHalf(said, connection)
  } catch (cause) {
    // what we found wrong with it counts for more than how it then went away
    refusal ??= whyBroken(cause as Error, waiting)
  }
  if (refusal == null && theirs == null) return { ...secured, connection, half: theirHalf }
  await hangUp(connection)
  throw refusal == null ? new Refused(theirs as Refusal, 'them') : new Refused(refusal, 'us')
}

/** What another peer says may be printed on a terminal. */
function inPlainLetters({ refused }: Verdict): Refusal | undefined {
  return refused && { ...refused, reason: refused.reason.replace(/[\p{C}\u2028\u2029]/gu, '\ufffd') }
}

function judgeTurn(we: boolean, they: boolean): Refusal | undefined {
  if (we === they) return undefined
  return broken('no-tls', they ? 'only one side of the connection has a socket for TLS' : 'it does not turn to TLS')
}

function judgeHalf({ half }: Verdict, connection: MessageStream): Refusal | undefined {
  if (half == null) return broken('no-tls', 'it did not give its half of the key of TLS')
  const { readBufferLength } = connection as { readBufferLength?: number }
  if (readBufferLength !== 0) return broken('no-tls', 'bytes came between the verdict and TLS')
  return undefined
}

function judgeFrame(frame: Uint8Array, judge: (shown: Shown) => Refusal | undefined): Refusal | undefined {
  let said: Shown
  try {
    said = decode(shown, frame)
  } catch (cause) {
    return broken('bad-proof', `what it showed is no proof: ${(cause as Error).message}`)
  }
  return judge(said)
}

function whyBroken(cause: Error, waiting: AbortSignal): Refusal {
  if (waiting.aborted) return broken('too-slow', 'it did not show a proof in time')
  if (cause instanceof BakError) return broken('bad-proof', `its answer makes no sense: ${cause.message}`)
  if (/^InvalidDataLength|^InvalidMessageLength/.test(cause.name)) {
    return broken('bad-proof', `what it showed is no proof: ${cause.message}`)
  }
  return broken('gone', `it went away before it had shown a proof: ${cause.message}`)
}

const broken = (code: RefusalCode, reason: string): Refusal => ({ code, reason })

/** In order, so that what was said last still arrives. */
async function hangUp(connection: MessageStream): Promise<void> {
  await connection.close({ signal: AbortSignal.timeout(FAREWELL) }).catch(() => {})
}
