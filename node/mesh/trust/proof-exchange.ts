/** The first frames on an encrypted connection: each side shows its proof, then tells whether it admits the other. */
import type { MessageStream, SecuredConnection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'
import {
  MAX_ADMISSION_FRAME,
  type ProofFrame,
  proofFrame,
  type Refusal,
  type RefusalCode,
  type VerdictFrame,
  verdictFrame
} from '../../../protocols/admission.ts'
import { decode, encode } from '../../../protocols/codec.ts'
import { BakError } from '../../../protocols/errors.ts'

/** Time for both frames of the other side. */
const EXCHANGE_TIMEOUT_MS = 5_000
/** Two bytes of length before each frame; the buffer bounds what the other side may send behind its frames before they are read. */
const FRAMES = {
  lengthEncoder: (length: number) => Uint8Array.of(length >> 8, length & 0xff),
  lengthDecoder: (bytes: Uint8Array | Uint8ArrayList) => {
    if (bytes.byteLength < 2) throw new RangeError('incomplete length')
    const [high, low] = bytes.subarray(0, 2) as unknown as [number, number]
    return high * 256 + low
  },
  maxDataLength: MAX_ADMISSION_FRAME,
  maxBufferSize: 256 * 1024
}
/** A side that refuses waits this long for the other's verdict, and for its own to leave the socket. */
const CLOSE_TIMEOUT_MS = 1_000

/** What a peer shows of itself, and how it judges others. */
export interface Admission {
  /** Absent for the founder. */
  readonly ownProofBytes: Uint8Array | undefined
  /**
   * @param peer id of the other end, proven by the handshake
   * @param generation of the secret that the other side used
   * @returns why it is not admitted; undefined if it is
   */
  judge(peer: string, frame: ProofFrame, generation: number): Refusal | undefined
}

/** One of the two sides does not admit the other. */
export class Refused extends BakError {
  readonly refusal: Refusal
  /** The side that decided. */
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
  /** This side's half of the key of TLS, where the connection has a socket that turns to TLS. */
  half?: Uint8Array
}

/**
 * @returns the same connection; what came behind the frames is still to be read. Where this side sent its half, also the other
 * side's half, and nothing came behind the frames
 * @throws {Refused} when either side refuses, or the other does not answer in time
 */
export async function exchangeProofs(
  secured: SecuredConnection,
  generation: number,
  admission: Admission,
  { signal, deadline = EXCHANGE_TIMEOUT_MS, half }: ExchangeOptions = {}
): Promise<SecuredConnection & { half?: Uint8Array }> {
  const { connection, remotePeer } = secured
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(deadline)].filter(each => each != null))
  const frames = lpStream(connection, FRAMES)
  const send = (value: ProofFrame | VerdictFrame) => frames.write(encode(value), { signal: waiting })
  const read = async (signal = waiting) => (await frames.read({ signal })).subarray()
  let refusal: Refusal | undefined
  try {
    const turns = half != null
    await send({ proof: admission.ownProofBytes, at: Date.now(), turns })
    refusal = judgeFrame(
      await read(),
      each => admission.judge(remotePeer.toString(), each, generation) ?? judgeTurn(turns, each.turns === true)
    )
  } catch (cause) {
    refusal = failureOf(cause as Error, waiting)
  }
  let theirs: Refusal | undefined
  let theirHalf: Uint8Array | undefined
  try {
    if (refusal == null) await send({ half })
    else await send({ refused: { ...refusal, reason: refusal.reason.slice(0, 1024) } })
    // a refused side gets less time
    const verdict = await read(refusal == null ? waiting : AbortSignal.timeout(CLOSE_TIMEOUT_MS))
    const answer = decode(verdictFrame, verdict)
    theirs = printable(answer)
    theirHalf = answer.half
    frames.unwrap()
    if (theirs == null && half != null) refusal ??= judgeHalf(answer, connection)
  } catch (cause) {
    // an own refusal says more than how the other side then went away
    refusal ??= failureOf(cause as Error, waiting)
  }
  if (refusal == null && theirs == null) return { ...secured, connection, half: theirHalf }
  await hangUp(connection)
  throw refusal == null ? new Refused(theirs as Refusal, 'them') : new Refused(refusal, 'us')
}

/** The reason comes from another peer and may be printed on a terminal: control characters are replaced. */
function printable({ refused }: VerdictFrame): Refusal | undefined {
  return refused && { ...refused, reason: refused.reason.replace(/[\p{C}\u2028\u2029]/gu, '\ufffd') }
}

function judgeTurn(we: boolean, they: boolean): Refusal | undefined {
  if (we === they) return undefined
  return failure('no-tls', they ? 'only one side of the connection has a socket for TLS' : 'it does not turn to TLS')
}

function judgeHalf({ half }: VerdictFrame, connection: MessageStream): Refusal | undefined {
  if (half == null) return failure('no-tls', 'it did not send its half of the key of TLS')
  const { readBufferLength } = connection as { readBufferLength?: number }
  if (readBufferLength !== 0) return failure('no-tls', 'bytes came between the verdict and TLS')
  return undefined
}

function judgeFrame(bytes: Uint8Array, judge: (frame: ProofFrame) => Refusal | undefined): Refusal | undefined {
  let frame: ProofFrame
  try {
    frame = decode(proofFrame, bytes)
  } catch (cause) {
    return failure('bad-proof', `what it showed is no proof: ${(cause as Error).message}`)
  }
  return judge(frame)
}

function failureOf(cause: Error, waiting: AbortSignal): Refusal {
  if (waiting.aborted) return failure('too-slow', 'it did not show a proof in time')
  if (cause instanceof BakError) return failure('bad-proof', `its answer is malformed: ${cause.message}`)
  if (/^InvalidDataLength|^InvalidMessageLength/.test(cause.name)) {
    return failure('bad-proof', `what it showed is no proof: ${cause.message}`)
  }
  return failure('gone', `it went away before it had shown a proof: ${cause.message}`)
}

const failure = (code: RefusalCode, reason: string): Refusal => ({ code, reason })

/** Closes in order, so that the verdict still arrives. */
async function hangUp(connection: MessageStream): Promise<void> {
  await connection.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) }).catch(() => {})
}
