/**
 * Puts a tarball on a pbench server: `PUT <base>/upload/<name>?access=...&metadata=...` with its MD5 in hex, from the disk. 201 says that the
 * server took it, 200 that it has these bytes already; anything else is no proof.
 */

import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { cleanLine } from '../../../protocols/clean-line.ts'
import type { DatasetOptions } from '../../../protocols/destination.ts'
import { BakError, type ErrorCode } from '../../../protocols/errors.ts'
import { pause } from '../../wait.ts'

export interface Upload extends DatasetOptions {
  /** `https://server/api/v1` */
  base: string
  /** `<name>.tar.xz` */
  name: string
  md5: string
  bytes: number
  /** The tarball, for each attempt. */
  read(): Readable
  token: string
}

export interface UploadLimits {
  /** Longest silence of a server while it is sent to, ms. */
  silence: number
  /** Longest wait for its answer once all is sent: it reads the tarball once more, ms. */
  answer: number
  /** Least bytes a second. */
  rate: number
  /** Waits before further attempts where it is busy or the connection breaks, ms. */
  waits: number[]
}

const UPLOAD_LIMITS: UploadLimits = {
  silence: 60_000,
  answer: 600_000,
  rate: 64 * 1024,
  waits: [1_000, 2_000, 5_000, 10_000, 20_000]
}

interface UploadOptions {
  signal: AbortSignal
  onProgress(done: number, total: number): void
  limits?: UploadLimits
}

interface Answer {
  status: number
  /** The answer where it is JSON. */
  body: Record<string, unknown>
  /** Seconds that a busy server asks to be left alone. */
  retryAfter?: number
  location?: string
}

const MAX_ANSWER_BYTES = 64 * 1024
const MAX_TOLD = 400
/** Longest time for which a server is obeyed that asks to be left alone, ms. */
const MAX_RETRY_AFTER_MS = 60_000
/** Busy, or still occupied with an attempt whose connection broke. */
const BUSY = [409, 429, 502, 503, 504]
const BROKEN = [
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN'
]

/** What else a server answers, and what it means to a person. */
const REFUSALS: Record<number, { code: ErrorCode; hint?: string }> = {
  400: { code: 'not-allowed' },
  401: { code: 'not-allowed', hint: 'the token is not one that it knows: PBENCH_ACCESS_TOKEN or --token-file' },
  403: { code: 'not-allowed' },
  404: { code: 'unreachable', hint: 'is this the address of a pbench server?' },
  405: { code: 'unreachable', hint: 'is this the address of a pbench server?' },
  413: { code: 'no-space' },
  507: { code: 'no-space' }
}

/**
 * @returns whether it was there already
 * @throws {BakError} `not-allowed` and `no-space` as the server says, `timeout`, `unreachable` also for what is no pbench server
 */
export async function upload(
  put: Upload,
  { signal, onProgress, limits = UPLOAD_LIMITS }: UploadOptions
): Promise<boolean> {
  const { host } = new URL(put.base)
  for (let tries = 0; ; tries++) {
    const wait = limits.waits[tries]
    try {
      const answer = await attempt(put, { signal, onProgress, limits })
      if (answer.status === 200 || answer.status === 201) return proven(answer, put, host)
      if (!BUSY.includes(answer.status) || wait == null) throw refused(answer, host, tries + 1)
      await pause(Math.min(MAX_RETRY_AFTER_MS, Math.max(wait, (answer.retryAfter ?? 0) * 1000)), signal)
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof BakError) throw cause
      const { code = '', message } = cause as NodeJS.ErrnoException
      const why = `${host} cannot be sent to: ${message || code}`
      if (!BROKEN.includes(code) || wait == null)
        throw new BakError('unreachable', tries === 0 ? why : `${why}, after ${tries + 1} attempts`, { cause })
      await pause(wait, signal)
    }
    signal.throwIfAborted()
  }
}

async function attempt(
  { base, name, read, md5, bytes, token, access, metadata }: Upload,
  { signal, onProgress, limits }: Required<UploadOptions>
): Promise<Answer> {
  const url = new URL(`${base}/upload/${encodeURIComponent(name)}`)
  url.searchParams.set('access', access)
  for (const each of metadata) url.searchParams.append('metadata', each)
  const { request: open } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'))
  const late = new AbortController()
  const giveUp = (why: string) => late.abort(new BakError('timeout', `${url.host} ${why}`))
  const whole = limits.silence + limits.answer + (bytes / limits.rate) * 1000
  const timer = setTimeout(() => giveUp(`has not taken ${bytes} bytes within ${Math.ceil(whole / 1000)} s`), whole)
  const request = open(url, {
    method: 'PUT',
    signal: AbortSignal.any([signal, late.signal]),
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-MD5': md5,
      'content-type': 'application/octet-stream',
      'Content-Length': bytes
    }
  })
  const told = (ms: number) => `says nothing for ${Math.ceil(ms / 1000)} s`
  request.setTimeout(limits.silence, () => giveUp(told(limits.silence)))
  request.once('finish', () => request.setTimeout(limits.answer, () => giveUp(told(limits.answer))))
  let done = 0
  const source = read()
  source.on('data', chunk => {
    done += chunk.length
    onProgress(Math.min(done, bytes), bytes)
  })
  const answering = answerOf(request)
  // an answer may come before the server has read all, and the connection break then
  const sending = pipeline(source, request)
  sending.catch(() => {})
  try {
    return await answering
  } catch (cause) {
    throw late.signal.aborted ? late.signal.reason : cause
  } finally {
    clearTimeout(timer)
    source.destroy()
    request.destroy()
  }
}

function answerOf(request: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.once('error', reject)
    request.once('response', response => {
      request.off('error', reject).on('error', () => {})
      readAnswer(response).then(resolve, reject)
    })
  })
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_ANSWER_BYTES) break
    chunks.push(chunk)
  }
  const { 'retry-after': after, location } = response.headers
  const seconds = Number(after)
  return {
    status: response.statusCode as number,
    body: objectIn(Buffer.concat(chunks).toString()),
    location,
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfter: seconds } : {})
  }
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value != null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** Any server of the web may answer 200 to anything: only one that speaks as a pbench server proves that it has the bytes. */
function proven({ status, body }: Answer, { md5 }: Upload, host: string): boolean {
  if (typeof body.message !== 'string')
    throw new BakError(
      'unreachable',
      `${host} answered ${status}, and not as a pbench server does: nothing proves that it has the result`
    )
  if (body.resource_id != null && body.resource_id !== md5)
    throw new BakError(
      'mismatch',
      `${host} has other bytes under this name: ${String(body.resource_id).slice(0, 64)}, not ${md5}`
    )
  return status === 200
}

function refused({ status, body, location }: Answer, host: string, tries: number): BakError {
  const { message, errors } = body
  const words = [message, ...(Array.isArray(errors) ? errors : [])].filter(each => typeof each === 'string').join('; ')
  const { code = status >= 500 ? 'unreachable' : 'io', hint } = REFUSALS[status] ?? {}
  const said = cleanLine(words).slice(0, MAX_TOLD)
  const where =
    location == null
      ? ''
      : `, and points to ${cleanLine(location).slice(0, MAX_TOLD)}, which is not followed with a token`
  const often = tries > 1 ? ` ${tries} times` : ''
  const parts = [`${host} answered ${status}${often}${said === '' ? '' : `: ${said}`}${where}`, hint]
  return new BakError(code, parts.filter(each => each != null).join('; '))
}
