/**
 * Both ends of the control protocol (control.ts) on HTTP. The caller posts JSON to `/v1/<call>` on the daemon's unix socket;
 * the daemon answers one JSON value a line, and waits while the caller reads more slowly than it writes. The last line may
 * be `{"error": {code, message}}`. The handler is aborted when the caller closes the connection or the daemon stops.
 */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import * as v from 'valibot'
import { check, type Schema } from './codec.ts'
import {
  type CallHandlers,
  type CallName,
  type CallRequest,
  type CallResponse,
  CONTROL_VERSION,
  calls
} from './control.ts'
import { asBakError, BakError, type ErrorCode, exitStatus } from './errors.ts'
import { checkOwner, listenAlone, unconnected } from './unix-socket.ts'

// importing node:http runs its lazy getters and so loads undici: 40 ms of each cold start
const http = process.getBuiltinModule('node:http')

/** Largest body of a call: a spec and a whole environment. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024
/** Largest line of an answer: the certificates of a long run of many members. */
const MAX_LINE_BYTES = 256 * 1024 * 1024
/** When a daemon that stops closes the connections of calls that have not ended. */
const CLOSE_TIMEOUT_MS = 1_000

export interface ControlServer {
  /** Ends the open calls with `lost-contact`, closes the server, and removes the socket. */
  close(): Promise<void>
}

interface ServeOptions {
  /** Takes a printf-like format, as @libp2p/logger does. */
  log?: (format: string, ...words: unknown[]) => void
}

interface CallOptions {
  signal?: AbortSignal
}

/**
 * Serves calls on a unix socket that only this user may open, in place of the socket of a daemon that has ended.
 *
 * @throws {BakError} `busy` if a daemon listens there, `bad-config` if the path cannot be a socket
 */
export async function serveControl(
  handlers: CallHandlers,
  socket: string,
  { log = () => {} }: ServeOptions = {}
): Promise<ControlServer> {
  const open = new Set<AbortController>()
  const server = http.createServer((request, response) => {
    const gone = new AbortController()
    open.add(gone)
    answer(handlers, request, response, gone, log).finally(() => open.delete(gone))
  })
  await listenAlone(server, socket)
  return { close: () => close(server, open) }
}

/** Reads one call, runs its handler and writes each value that it yields. */
async function answer(
  handlers: CallHandlers,
  request: IncomingMessage,
  response: ServerResponse,
  gone: AbortController,
  log: NonNullable<ServeOptions['log']>
): Promise<void> {
  response.on('close', () => gone.abort(new BakError('interrupted', 'the caller closed the connection')))
  response.on('error', error => gone.abort(error))
  try {
    const call = callOf(request)
    const input = checkRequest(call, await readBody(request))
    response.setHeader('content-type', 'application/x-ndjson')
    for await (const value of handlers[call](input as never, { signal: gone.signal })) {
      await writeLine(response, value, gone.signal)
    }
    response.end()
  } catch (cause) {
    const error = asBakError(gone.signal.aborted ? gone.signal.reason : cause)
    log('%s: %s: %s', request.url, error.code, error.code === 'bug' ? (error.cause as Error)?.stack : error.message)
    if (!response.headersSent) response.statusCode = error.code === 'usage' ? 400 : 500
    if (!response.destroyed)
      response.end(`${JSON.stringify({ error: { code: error.code, message: error.message } })}\n`)
  }
}

/** @throws {BakError} `usage` or `version-clash`, naming the calls that there are */
function callOf({ method, url = '' }: IncomingMessage): CallName {
  const [, version, call = ''] = /^\/(v\d+)\/([\w-]*)$/.exec(url) ?? []
  const offered = Object.keys(calls).join(', ')
  if (version != null && version !== CONTROL_VERSION) {
    throw new BakError('version-clash', `this daemon speaks ${CONTROL_VERSION}, the caller ${version}`)
  }
  if (version == null || method !== 'POST') {
    throw new BakError('usage', `expected POST /${CONTROL_VERSION}/<call>, where a call is one of ${offered}`)
  }
  if (!Object.hasOwn(calls, call)) throw new BakError('usage', `there is no call ${call}; there are ${offered}`)
  return call as CallName
}

/** A body that is too large is read to its end too: the caller reads no answer before it has sent its body. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (length > MAX_BODY_BYTES) throw tooLarge(length)
  return Buffer.concat(chunks).toString() || '{}'
}

function checkRequest(call: CallName, body: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw new BakError('usage', `${call}: the body is not JSON: ${(cause as Error).message}`, { cause })
  }
  return check(calls[call].request as Schema, value, 'usage', `${call}: `, 'body')
}

/** Waits for a slow reader, so that at most one line is in memory beside the socket's buffer. */
async function writeLine(response: ServerResponse, value: unknown, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (!response.write(`${JSON.stringify(value)}\n`)) await once(response, 'drain', { signal })
}

async function close(server: Server, open: Set<AbortController>): Promise<void> {
  const closed = new Promise(resolve => server.close(resolve))
  for (const gone of open) gone.abort(new BakError('lost-contact', 'the daemon is stopping'))
  const timeout = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS)
  await closed
  clearTimeout(timeout)
}

/**
 * Calls the daemon on a socket and yields its answers; leaving the loop or aborting the signal closes the connection.
 *
 * @throws {BakError} the error of the daemon; `no-daemon`; `not-allowed` if the socket is another user's; `lost-contact` if
 * the answer was cut off; `bad-message` if it does not match the schema of the call; `interrupted` if the signal aborted
 */
export async function* callDaemon<N extends CallName>(
  socket: string,
  call: N,
  request: CallRequest<N>,
  { signal }: CallOptions = {}
): AsyncGenerator<CallResponse<N>, void, void> {
  checkOwner(socket)
  try {
    for await (const line of splitLines(await post(socket, call, request, signal))) {
      yield readLine(call, line)
    }
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    if (signal?.aborted) throw asBakError(signal.reason)
    throw new BakError('lost-contact', `the daemon closed the connection during ${call}`, { cause })
  }
}

/** @returns the first answer of a call. @throws {BakError} as `callDaemon` does, and `bad-message` if there is none */
export async function callOnce<N extends CallName>(
  socket: string,
  call: N,
  request: CallRequest<N>,
  options: CallOptions = {}
): Promise<CallResponse<N>> {
  for await (const value of callDaemon(socket, call, request, options)) return value
  throw new BakError('bad-message', `the daemon sent no answer to ${call}`)
}

function post(socket: string, call: string, value: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
  const body = Buffer.from(JSON.stringify(value))
  if (body.length > MAX_BODY_BYTES) throw tooLarge(body.length)
  return new Promise((resolve, reject) => {
    const options = { socketPath: socket, path: `/${CONTROL_VERSION}/${call}`, method: 'POST', agent: false as const }
    const headers = { 'content-type': 'application/json', 'content-length': body.length, host: 'bak' }
    const request = http.request({ ...options, headers, signal }, resolve)
    request.on('error', cause =>
      reject((cause as NodeJS.ErrnoException).syscall === 'connect' ? unconnected(socket, cause) : cause)
    )
    request.end(body)
  })
}

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let held: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let to = chunk.indexOf('\n'); to !== -1; to = chunk.indexOf('\n', from)) {
      yield Buffer.concat([...held, chunk.subarray(from, to)]).toString()
      held = []
      length = 0
      from = to + 1
    }
    held.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > MAX_LINE_BYTES) throw new BakError('bad-message', 'a line of the answer is too long')
  }
}

const failure = v.object({ error: v.object({ code: v.string(), message: v.string() }) })

function readLine<N extends CallName>(call: N, line: string): CallResponse<N> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new BakError('bad-message', `${call}: a line of the daemon's answer is not JSON`, { cause })
  }
  const failed = v.safeParse(failure, value)
  if (failed.success) throw failureOf(failed.output.error)
  const schema = calls[call].response as Schema<CallResponse<N>>
  return check(schema, value, 'bad-message', `the daemon's answer to ${call}: `, 'line')
}

function failureOf({ code, message }: { code: string; message: string }): BakError {
  if (Object.hasOwn(exitStatus, code)) return new BakError(code as ErrorCode, message)
  return new BakError('bug', `${code}: ${message}`)
}

function tooLarge(length: number): BakError {
  return new BakError(
    'usage',
    `the call has ${length} bytes, at most ${MAX_BODY_BYTES} are allowed; is the environment very large?`
  )
}
