/** Fetches what is at an address of http or https into a file: the bytes as the server sends them, within bounds of size and time. */
import { createWriteStream } from 'node:fs'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { dirname } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { cleanLine } from '../../protocols/clean-line.ts'
import { newDigest } from '../../protocols/digest.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { ensureFree } from '../store/disk.ts'

export interface DownloadLimits {
  /** Bytes. */
  largest: number
  /** Longest silence of the server, and time for all of it; ms. */
  silence: number
  whole: number
}

interface DownloadOptions {
  limits: DownloadLimits
  signal: AbortSignal
  onProgress?: ((done: number, total: number | undefined) => void) | undefined
}

const MAX_REDIRECTS = 10
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * @param path of a new file
 * @returns the SHA-256 of the bytes and their number
 * @throws {BakError} with the address: `unreachable` with the status of the server or why it cannot be asked, `timeout`, `not-allowed` for more than
 * the largest size, `no-space`, `io`, the reason of the signal
 */
export async function download(address: string, path: string, options: DownloadOptions) {
  const { limits, signal } = options
  const late = new AbortController()
  const giveUp = (why: string) => late.abort(new BakError('timeout', `${shownAddress(address)}: ${why}`))
  const timer = setTimeout(() => giveUp(`not fetched within ${limits.whole / 1000} s`), limits.whole)
  const either = AbortSignal.any([signal, late.signal])
  try {
    const { response, where } = await follow(address, either, () =>
      giveUp(`the server says nothing for ${limits.silence / 1000} s`)
    )
    return await save(response, where, path, { ...options, signal: either })
  } catch (cause) {
    if (signal.aborted) throw asBakError(signal.reason)
    if (late.signal.aborted) throw late.signal.reason
    throw explained(address, cause)
  } finally {
    clearTimeout(timer)
  }

  async function follow(from: string, signal: AbortSignal, onSilence: () => void) {
    let url = new URL(from)
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const where = hops === 0 ? shownAddress(from) : `${shownAddress(from)}, redirected to ${shownAddress(url.href)}`
      const response = await request(url, { signal, silence: limits.silence, onSilence })
      const { statusCode = 0, statusMessage = '', headers } = response
      if (statusCode === 200) return { response, where }
      response.destroy()
      if (!REDIRECTS.has(statusCode) || headers.location == null) {
        throw new BakError('unreachable', `${where}: ${cleanLine(`${statusCode} ${statusMessage}`.trim())}`)
      }
      url = nextAddress(headers.location, url, where)
    }
    throw new BakError('unreachable', `${shownAddress(from)}: more than ${MAX_REDIRECTS} redirections`)
  }
}

/** @returns the address without the password in it */
export function shownAddress(address: string): string {
  const url = URL.parse(address)
  if (url == null || (url.username === '' && url.password === '')) return cleanLine(address)
  url.username = ''
  url.password = ''
  return url.href
}

function nextAddress(location: string, from: URL, where: string): URL {
  const url = URL.parse(location, from)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new BakError('unreachable', `${where}: redirected to ${cleanLine(location)}, which is no address of http`)
}

interface Asked {
  signal: AbortSignal
  silence: number
  onSilence(): void
}

/** By the proxy that the environment of this daemon names, if any. */
async function request(url: URL, { signal, silence, onSilence }: Asked): Promise<IncomingMessage> {
  const { request: open, Agent } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'))
  const agent = new Agent({ proxyEnv: process.env })
  const options: RequestOptions = { agent, signal, headers: { 'accept-encoding': 'identity', 'user-agent': 'bak' } }
  return await new Promise((resolve, reject) => {
    const asked = open(url, options)
    asked.setTimeout(silence, onSilence)
    asked.on('error', reject).once('response', resolve).end()
  })
}

async function save(
  response: IncomingMessage,
  where: string,
  path: string,
  { limits: { largest }, signal, onProgress }: DownloadOptions
): Promise<{ sha256: string; bytes: number }> {
  const total = response.headers['content-length'] == null ? undefined : Number(response.headers['content-length'])
  const tooLarge = (bytes: string) =>
    new BakError('not-allowed', `${where}: it has ${bytes} bytes, and artifacts.largest here is ${largest}`)
  if (total != null && total > largest) {
    response.destroy()
    throw tooLarge(`${total}`)
  }
  if (total != null) await ensureFree(dirname(path), total)
  const hash = newDigest()
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      if (bytes > largest) return done(tooLarge(`more than ${largest}`))
      hash.update(chunk)
      onProgress?.(bytes, total)
      done(null, chunk)
    }
  })
  await pipeline(response, counted, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal })
  return { sha256: hash.digest('hex'), bytes }
}

function explained(address: string, cause: unknown): BakError {
  if (cause instanceof BakError) return cause
  const { code = '', message, syscall = '' } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT' || syscall === 'open') return asBakError(cause)
  const why = code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? 'there is no such host' : cleanLine(message || code)
  return new BakError('unreachable', `${shownAddress(address)} cannot be fetched: ${why}`, { cause })
}
