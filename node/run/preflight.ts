/**
 * Before a run asks anybody to join: does each candidate answer, and does the path to it carry more than small talk? All are
 * asked at the same time, and those that do not answer again and again until the time is over.
 */
import { randomBytes } from 'node:crypto'
import { type Echoed, echoProtocol } from '../../protocols/echo.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { askOne, type Opener } from '../../protocols/stream.ts'
import { pause } from '../wait.ts'

/** More than one packet holds, so that a path which loses large packets is found. */
const ECHO_BYTES = 64 * 1024
const RETRY_INTERVAL_MS = 1_000
const TRY_TIMEOUT_MS = 5_000

export interface Silent {
  peer: string
  /** What the last try said. */
  why: string
}

export interface PreflightInit {
  peers: string[]
  timeoutMs: number
  to(peer: string): Opener
  signal: AbortSignal
  /** Called when it takes a while, at each change. */
  onWaiting(answered: number): void
}

/** @returns the peers that did not answer in time. @throws the signal's reason */
export async function preflight({ peers, timeoutMs, to, signal, onWaiting }: PreflightInit): Promise<Silent[]> {
  const over = AbortSignal.timeout(timeoutMs)
  const either = AbortSignal.any([signal, over])
  let [answered, reported] = [0, -1]
  const tries = peers.map(async peer => {
    const why = await reach(to(peer), either)
    if (why == null) answered++
    return why == null ? [] : [{ peer, why }]
  })
  const timer = setInterval(() => {
    if (answered !== reported) onWaiting(answered)
    reported = answered
  }, RETRY_INTERVAL_MS)
  const silent = (await Promise.all(tries)).flat()
  clearInterval(timer)
  signal.throwIfAborted()
  return silent
}

/** Tries until the signal aborts. @returns why there was no answer */
async function reach(open: Opener, signal: AbortSignal): Promise<string | undefined> {
  let why: string | undefined
  while (!signal.aborted) {
    try {
      await echo(open, AbortSignal.any([signal, AbortSignal.timeout(TRY_TIMEOUT_MS)]))
      return undefined
    } catch (cause) {
      // a try that the timeout interrupted says nothing about the peer
      if (!signal.aborted || why == null) why = asBakError(cause).message
    }
    await pause(RETRY_INTERVAL_MS, signal)
  }
  return why ?? 'there was no time to ask it'
}

/** The end of the peer that is asked. */
export async function* answerEcho({ bytes }: Echoed): AsyncGenerator<Echoed> {
  yield { bytes }
}

async function echo(open: Opener, signal: AbortSignal): Promise<void> {
  const bytes = new Uint8Array(randomBytes(ECHO_BYTES))
  const back = await askOne(open, echoProtocol, { bytes }, { signal })
  if (Buffer.compare(back.bytes, bytes) !== 0)
    throw new BakError('bad-message', 'its echo differs from the bytes that were sent')
}
