/**
 * Errors that a person or a peer can get. Each has a code, which determines the exit status of `bak`, is sent unchanged
 * between peers and over the control socket, and is what callers switch on. The text is for people.
 */
import { getSystemErrorMessage } from 'node:util'

export const exitStatus = {
  'workload-failed': 1,
  partial: 2,
  quorum: 3,
  cancelled: 4,
  'lost-contact': 5,
  usage: 64,
  'bad-run-file': 65,
  'no-such-run': 66,
  'no-such-peer': 66,
  damaged: 66,
  'no-daemon': 69,
  unreachable: 69,
  bug: 70,
  'cannot-create': 73,
  'no-space': 74,
  io: 74,
  busy: 75,
  'not-ready': 75,
  timeout: 75,
  'version-clash': 76,
  'not-allowed': 77,
  'bad-config': 78,
  threshold: 99,
  interrupted: 130,
  // codes between peers: a person sees them as the reason of another error
  'bad-message': 70,
  'bad-signature': 77,
  'not-on-roster': 77,
  'not-the-controller': 77,
  'wrong-manifest': 70,
  'old-epoch': 70,
  'phase-closed': 70,
  state: 70,
  'unknown-digest': 66,
  mismatch: 74,
  draining: 75,
  'tool-unavailable': 78,
  'tool-failed': 74,
  lost: 69,
  left: 69
} as const

export type ErrorCode = keyof typeof exitStatus

const refusals = new Set<ErrorCode>([
  'not-allowed',
  'not-on-roster',
  'not-the-controller',
  'bad-message',
  'bad-signature',
  'wrong-manifest',
  'old-epoch'
])

/** Whether a peer refused what another asked for; any other code is a failure of the network or of a machine. */
export const isRefusal = (code: ErrorCode) => refusals.has(code)

export const errorCodes = Object.keys(exitStatus) as ErrorCode[]

/** An expected failure: the message says what is wrong, where, and what to do. Any other error that is thrown is a bug. */
export class BakError extends Error {
  override name = 'BakError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * For a message of a topic that is dropped without blame: the neighbour that passed it on may be honest, and only know less or more than
 * this peer.
 */
export class Ignored extends BakError {}

/** @returns why a file cannot be read: `no such file or directory`, without the call and the path of Node's own message */
export function whyOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException
  return errno == null ? message : getSystemErrorMessage(errno)
}

/** @returns the error as a BakError, with the code that fits an error of Node */
export function asBakError(error: unknown): BakError {
  if (error instanceof BakError) return error
  const known = error as NodeJS.ErrnoException
  if (known?.name === 'TimeoutError') return new BakError('timeout', known.message, { cause: error })
  if (known?.name === 'AbortError') return new BakError('interrupted', 'the call was aborted', { cause: error })
  if (known?.code === 'ENOSPC' || known?.code === 'EDQUOT') {
    return new BakError('no-space', `no space left on the disk${known.path == null ? '' : ` of ${known.path}`}`, {
      cause: error
    })
  }
  if (known?.code != null && known.syscall != null) return new BakError('io', known.message, { cause: error })
  return new BakError('bug', known?.message ?? String(error), { cause: error })
}
