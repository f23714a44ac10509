/** What an exchange goes over: a stream of libp2p (`frames.ts`), or a connection of its own (`wire.ts`). */
import type { Schema } from './codec.ts'
import { asBakError, BakError } from './errors.ts'
import type { Protocol, WaitOptions } from './stream.ts'

/** Longest wait for the rest of a message that has begun, in ms. */
export const MAX_MESSAGE = 30_000
/** Longest wait for what was written last to be taken, in ms. */
export const MAX_CLOSING = 5_000

export interface Patience extends WaitOptions {
  /** Longest wait in ms, where it is shorter than the protocol's. */
  within?: number
}

/** Both directions, within the bounds of a protocol. What it throws is a `BakError`. */
export interface Channel {
  /** `aborted` where it did not end in order. */
  readonly status: string
  /** @param plain comes behind it as it is, and is not to be changed any more */
  write(value: unknown, options?: WaitOptions, plain?: Uint8Array): Promise<void>
  /**
   * @param within how long the message may be in coming, ms
   * @param most its largest size, where it is smaller than the protocol's
   * @returns undefined at the orderly end of what the other side has to say
   */
  read<T>(schema: Schema<T>, options?: Patience & { most?: number }): Promise<T | undefined>
  /** Fills `into` with plain bytes, as many as the message before them said, and holds none of them. */
  readPlain(into: Uint8Array, options?: WaitOptions): Promise<void>
  /** Says that no more comes. @throws when the other side does not take what was written before */
  close(): Promise<void>
  /** Tells the other side why, if it still listens, and ends it. */
  fail(error: BakError): Promise<void>
  abort(error: Error): void
  /** Calls `gone` when it has ended, in whatever way. */
  whenGone(gone: () => void): void
}

/** @throws {BakError} `bad-message` for a frame of more than `most` bytes */
export function checkSize({ id }: Pick<Protocol<never, never>, 'id'>, length: number, most: number): void {
  if (length > most) throw new BakError('bad-message', `${id}: a frame of ${length} bytes is too large`)
}

/** Bounds one wait for the other side, and names what ended it. */
export async function inTime<T>(
  { id, timeout }: Pick<Protocol<never, never>, 'id' | 'timeout'>,
  what: string,
  { signal, within }: Patience,
  wait: (waiting: AbortSignal) => Promise<T>
): Promise<T> {
  const longest = Math.min(timeout, within ?? timeout)
  const waiting = new AbortController()
  const stop = () => waiting.abort(asBakError(signal?.reason))
  const expire = () =>
    waiting.abort(new BakError('timeout', `${id}: the peer did not ${what} within ${longest / 1000} s`))
  // not AbortSignal.timeout, which stays until its time has come, however soon the wait is over
  const timer = Number.isFinite(longest) ? setTimeout(expire, longest).unref() : undefined
  signal?.addEventListener('abort', stop)
  if (signal?.aborted) stop()
  try {
    return await wait(waiting.signal)
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    if (waiting.signal.aborted) throw waiting.signal.reason
    throw new BakError('unreachable', `${id}: the stream broke: ${(cause as Error).message}`, { cause })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}
