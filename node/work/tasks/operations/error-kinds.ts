/** Errors of requests by kind: few and short, as they are counted. Pure. */
import { cleanLine } from '../../../../protocols/clean-line.ts'

/** Of a request that its client gave up, at its timeout and because the task was cut short. */
export const TIMEOUT = 'timeout'
export const CUT = 'cut short'

const MAX_KIND = 120
/** Errors that are causes of each other. */
const MAX_CAUSES = 8

/** undici's codes, and what they mean; all others are shown as they are. */
const MEANINGS: Record<string, string> = {
  UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT',
  UND_ERR_HEADERS_OVERFLOW: 'headers too large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'response incomplete'
}

/** The target cannot be reached. One that ends a connection, as a busy server may, can. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ETIMEDOUT'
])

export const isNetworkKind = (kind: string): boolean => NETWORK.has(kind)

/**
 * @returns `ECONNREFUSED`, or of an error without a code its name and message, numbers and quoted words left out, so that the same error is one
 * kind whatever it is about. Never throws.
 */
export function kindOf(error: unknown): string {
  try {
    return kindIn(error)
  } catch {
    // what a module throws may have no text
    return 'error'
  }
}

function kindIn(error: unknown): string {
  const coded = codedIn(error)
  if (coded != null) return meaningOf(coded.code, coded.message)
  const { name, message } = (error ?? {}) as Error
  if (name === 'HTTPParserError') return 'no valid HTTP'
  if (typeof message !== 'string') return normalKind(String(error))
  return normalKind(typeof name !== 'string' || name === 'Error' ? message : `${name}: ${message}`)
}

/** @returns the error that has a code: itself, a cause of it as with `fetch`, or the first of several as with the addresses of one name */
function codedIn(error: unknown, depth = 0): { code: string; message: unknown } | undefined {
  if (error == null || typeof error !== 'object' || depth > MAX_CAUSES) return undefined
  const { code, message, cause, errors } = error as Record<string, unknown>
  if (typeof code === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(code)) return { code, message }
  return codedIn(cause ?? (Array.isArray(errors) ? errors[0] : undefined), depth + 1)
}

/** A socket error of undici is either of the socket or of what came from it. */
function meaningOf(code: string, message: unknown): string {
  if (code === 'UND_ERR_SOCKET')
    return message === 'other side closed' ? 'connection closed' : normalKind(String(message))
  return MEANINGS[code] ?? code
}

/** @returns a text that others wrote, as a kind */
export function normalKind(text: string): string {
  const [line = ''] = text.slice(0, 4 * MAX_KIND).split('\n')
  const general = cleanLine(line)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"..."')
    .replace(/0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+(\.\d+)*/gi, 'N')
    .replace(/\s+/g, ' ')
    .trim()
  return general.slice(0, MAX_KIND) || 'error'
}
