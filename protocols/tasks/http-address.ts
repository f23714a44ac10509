/** Where the requests of an `http` operation go: the addresses that it names, and which of them a client has. Pure. */
import type { HttpOperation } from './operation.ts'

export interface HttpAddress {
  /** Scheme, host and port: `http://10.0.0.7:8080`. */
  origin: string
  /** What is behind it, as a request has it, with its placeholders; begins with `/`. */
  path: string
}

type Addressed = Pick<HttpOperation, 'url' | 'targets'>

const ABSOLUTE = /^(https?:\/\/[^/?#]*)([^#]*)/i
/** Headers that say how a message is framed or how long its connection lasts: undici's own, or another key's. */
const OWN_HEADERS = ['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade']

/** @returns an address for each target, in their order: client i sends to the i-th, counted anew behind the last. Of one without faults. */
export function addressesOf({ url, targets }: Addressed): HttpAddress[] {
  if (targets == null) return [splitAddress(url)]
  return targets.map(target => {
    const { origin, path } = splitAddress(target)
    const below = encodedPath(url.replace(/#.*$/, '').replace(/^\//, ''))
    return { origin, path: below.startsWith('?') ? `${path}${below}` : `${path.replace(/\/$/, '')}/${below}` }
  })
}

/** @returns what is wrong with the operation, naming its key; undefined if it can be sent */
export function faultInHttp(
  operation: Addressed & Partial<Pick<HttpOperation, 'method' | 'headers' | 'body' | 'body_file'>>
): string | undefined {
  const { url, targets, method, headers = {}, body, body_file } = operation
  if (method === 'CONNECT') return 'method: CONNECT is no request for an answer, but for a tunnel'
  if (body != null && body_file != null) return 'body_file: there is a body, too'
  if (targets == null) {
    const fault = faultInAddress(url)
    if (fault != null) return `url: ${fault}`
  } else if (ABSOLUTE.test(url)) {
    return `url: "${url}" is a whole address; beside targets it is the path below each of them, such as /search`
  }
  for (const target of targets ?? []) {
    const fault = target.includes('?') ? `"${target}" has a query, which belongs to url` : faultInAddress(target)
    if (fault != null) return `targets: ${fault}`
  }
  return faultInHeaders(headers)
}

function faultInHeaders(headers: Record<string, string>): string | undefined {
  for (const [header, value] of Object.entries(headers)) {
    if (OWN_HEADERS.includes(header.toLowerCase()))
      return `headers: "${header}" follows from the request, and cannot be set`
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header)) return `headers: "${header}" is no name of a header`
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
      return `headers: the value of "${header}" has a character that no header can have`
  }
  return undefined
}

function faultInAddress(address: string): string | undefined {
  const hint = 'such as http://10.0.0.7:8080/path'
  if (!ABSOLUTE.test(address)) return `"${address}" is no address ${hint}`
  const { origin } = splitAddress(address)
  if (/[{}]/.test(origin)) return `the host of "${address}" cannot vary: give several as targets`
  const parsed = URL.parse(origin)
  if (parsed == null || parsed.hostname === '') return `"${address}" is no address ${hint}`
  if (parsed.username !== '' || parsed.password !== '')
    return `"${parsed.protocol}//${parsed.host}" has a user in it: send the header authorization instead`
  return undefined
}

function splitAddress(address: string): HttpAddress {
  const [, origin = '', behind = ''] = ABSOLUTE.exec(address) ?? []
  return { origin, path: encodedPath(behind.startsWith('/') ? behind : `/${behind}`) }
}

/** What a request line cannot have is written with %; what is encoded already stays. */
const encodedPath = (path: string): string =>
  path.toWellFormed().replace(/[^\u0021-\u007e]+/g, part => encodeURIComponent(part))
