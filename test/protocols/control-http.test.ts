import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { connect, createServer as createNetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallHandlers } from '../../protocols/control.ts'
import { type ControlServer, callDaemon, callOnce, MAX_BODY_BYTES, serveControl } from '../../protocols/control-http.ts'
import { BakError } from '../../protocols/errors.ts'
import { skipWhere } from '../helpers/skip.ts'

const RUN = '20261122T213015-k3f9ab'
const PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
const invited = { ticket: 't', invitation: PEER, role: 'agent' as const, expires: 1 }
const control = suite('control')
let dir: string
let stops: (() => unknown)[] = []

control.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'bak-control-'))
})
control.after.each(async () => {
  for (const stop of stops.reverse()) await stop()
  stops = []
  rmSync(dir, { recursive: true, force: true })
})

/** A daemon that only knows some calls. */
async function serve(handlers: Partial<CallHandlers>, socket = join(dir, 'bak.sock')): Promise<ControlServer> {
  const server = await serveControl(handlers as CallHandlers, socket)
  stops.push(() => server.close())
  return server
}

/** A daemon of another make, on node:http. */
async function pretend(listener: RequestListener): Promise<string> {
  const socket = join(dir, 'bak.sock')
  const server = createServer(listener).listen(socket)
  await once(server, 'listening')
  stops.push(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  return socket
}

/** What goes over the wire, for a request that the client would not send. */
async function raw(path: string, body: string, method = 'POST'): Promise<{ error: BakError; ticket?: string }> {
  const socket = connect(join(dir, 'bak.sock'))
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.end(`${method} ${path} HTTP/1.0\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  await once(socket, 'close')
  return JSON.parse(Buffer.concat(chunks).toString().split('\r\n\r\n')[1] as string)
}

async function failure(act: Promise<unknown>): Promise<BakError> {
  try {
    await act
  } catch (error) {
    return error as BakError
  }
  throw new Error('nothing was thrown')
}

const until = async (happened: () => boolean) => {
  while (!happened()) await new Promise(resolve => setTimeout(resolve, 5))
}

const line = (text: string) => ({ type: 'output' as const, at: 1, stream: 'stdout' as const, text })

control('a call is answered value by value, typed and checked', async () => {
  await serve({
    async *move({ run, to }) {
      yield { run, to, done: 1, total: 2, finished: false }
      yield { run, to, done: 2, total: 2, finished: true }
    }
  })
  const seen = []
  for await (const { done } of callDaemon(join(dir, 'bak.sock'), 'move', { run: RUN, to: 'x' })) seen.push(done)
  assert.equal(seen, [1, 2])
})

control('a call works with nothing but HTTP', async () => {
  await serve({
    async *invite() {
      yield invited
    }
  })
  assert.equal(await raw('/v1/invite', '{}'), invited)
  assert.equal(await raw('/v1/invite', ''), invited)
})

control('the caller gets the error of a handler with its code', async () => {
  await serve({
    async *attach() {
      yield line('before')
      throw new BakError('no-such-run', 'there is no run x')
    }
  })
  const seen: unknown[] = []
  const error = await failure(
    (async () => {
      for await (const value of callDaemon(join(dir, 'bak.sock'), 'attach', { run: 'x' })) seen.push(value)
    })()
  )
  assert.equal(seen, [line('before')])
  assert.is(error.code, 'no-such-run')
  assert.is(error.message, 'there is no run x')
})

control('an unknown call is refused with the list of calls', async () => {
  await serve({})
  const { error } = await raw('/v1/nosuch', '{}')
  assert.is(error.code, 'usage')
  assert.match(error.message, /no call nosuch; there are status, members, /)
  assert.is((await raw('/v1/__proto__', '{}')).error.code, 'usage')
  assert.is((await raw('/', '{}')).error.code, 'usage')
  assert.is((await raw('/v1/status', '{}', 'GET')).error.code, 'usage')
})

control('another version is refused, naming both', async () => {
  await serve({})
  const { error } = await raw('/v2/status', '{}')
  assert.equal({ ...error }, { code: 'version-clash', message: 'this daemon speaks v1, the caller v2' })
})

for (const [what, body, expected] of [
  ['is not JSON', '{', /attach: the body is not JSON/],
  ['lacks a key', '{}', /attach: run: /],
  ['has a key of another kind', '{"run":"x","from":"y"}', /attach: from: .*"y"/],
  ['has an unknown key', '{"run":"x","form":1}', /attach: form: /]
] as const) {
  control(`a body that ${what} is refused, naming the key`, async () => {
    await serve({})
    const { error } = await raw('/v1/attach', body)
    assert.is(error.code, 'usage')
    assert.match(error.message, expected)
  })
}

control('a body beyond the bound is refused, at both ends', async () => {
  await serve({})
  const { error } = await raw('/v1/attach', `{"run":"${'x'.repeat(MAX_BODY_BYTES)}"}`)
  assert.is(error.code, 'usage')
  const env = { X: 'x'.repeat(MAX_BODY_BYTES) }
  const call = callOnce(join(dir, 'bak.sock'), 'run', { spec: { command: ['x'] }, directory: '/', env })
  assert.is((await failure(call)).code, 'usage')
})

control('a caller that closes the connection aborts the handler', async () => {
  const reasons: string[] = []
  await serve({
    async *attach(_, { signal }) {
      signal.addEventListener('abort', () => reasons.push(signal.reason.code))
      yield line('first')
      await once(signal, 'abort')
    }
  })
  for await (const _ of callDaemon(join(dir, 'bak.sock'), 'attach', { run: 'x' })) break
  const abort = new AbortController()
  const call = callDaemon(join(dir, 'bak.sock'), 'attach', { run: 'x' }, { signal: abort.signal })
  await call.next()
  abort.abort()
  assert.is((await failure(call.next())).code, 'interrupted')
  await until(() => reasons.length === 2)
  assert.equal(reasons, ['interrupted', 'interrupted'])
})

control('the daemon waits for a slow reader instead of buffering', async () => {
  let written = 0
  const text = 'x'.repeat(64 * 1024)
  await serve({
    async *attach() {
      for (; written < 4096; written++) yield line(text)
    }
  })
  const call = callDaemon(join(dir, 'bak.sock'), 'attach', { run: 'x' })
  await call.next()
  // wait for standstill, however slow the machine is
  for (let before = -1; before !== written; ) {
    before = written
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.ok(written < 64, `${written} lines of 64 KiB were taken from the handler`)
  let read = 1
  for await (const _ of call) if (++read === 256) break
  assert.is(read, 256)
})

control('a daemon that stops ends its calls with lost-contact and removes its socket', async () => {
  const server = await serve({
    async *attach(_, { signal }) {
      yield line('first')
      await once(signal, 'abort')
      signal.throwIfAborted()
    }
  })
  const call = callDaemon(join(dir, 'bak.sock'), 'attach', { run: 'x' })
  await call.next()
  const next = failure(call.next())
  await server.close()
  assert.is((await next).code, 'lost-contact')
  assert.throws(() => statSync(join(dir, 'bak.sock')), /ENOENT/)
})

control('an answer that is cut off is lost contact', async () => {
  const connections: Socket[] = []
  const socket = await pretend((request, response) => {
    connections.push(request.socket)
    response.write(`${JSON.stringify(line('first'))}\n{"type":"out`)
  })
  const call = callDaemon(socket, 'attach', { run: 'x' })
  await call.next()
  for (const connection of connections) connection.destroy()
  assert.is((await failure(call.next())).code, 'lost-contact')
})

control('a daemon that dies before it answers is lost contact', async () => {
  const socket = await pretend(request => request.socket.destroy())
  assert.is((await failure(callOnce(socket, 'status', {}))).code, 'lost-contact')
})

control('an answer that does not match the schema is refused, naming the key', async () => {
  const socket = await pretend((_, response) => response.end('{"ticket":3}\n'))
  const error = await failure(callOnce(socket, 'invite', {}))
  assert.is(error.code, 'bad-message')
  assert.match(error.message, /answer to invite: ticket: /)
})

control('an answer without a value is a bad message', async () => {
  const socket = await pretend((_, response) => response.end())
  assert.is((await failure(callOnce(socket, 'invite', {}))).code, 'bad-message')
})

control('the error without a daemon names the command that starts one', async () => {
  const error = await failure(callOnce(join(dir, 'bak.sock'), 'status', {}))
  assert.is(error.code, 'no-daemon')
  assert.match(error.message, new RegExp(`start one with: bak-node daemon --home ${dir}`))
})

/** Leaves a socket that nobody listens on, as a killed daemon does. */
async function leaveStale(socket: string): Promise<void> {
  const { execFile } = await import('node:child_process')
  const script = `require('node:net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`
  await once(execFile(process.execPath, ['-e', script]), 'close')
}

control('the socket of a daemon that has ended is no-daemon, and is replaced', async () => {
  const socket = join(dir, 'bak.sock')
  await leaveStale(socket)
  assert.is((await failure(callOnce(socket, 'status', {}))).code, 'no-daemon')
  await serve({
    async *invite() {
      yield invited
    }
  })
  assert.equal(await callOnce(socket, 'invite', {}), invited)
})

control('the socket of a running daemon is not replaced', async () => {
  await serve({})
  assert.is((await failure(serve({}))).code, 'busy')
})

control('a file that is not a socket is not replaced', async () => {
  writeFileSync(join(dir, 'bak.sock'), 'precious')
  assert.is((await failure(serve({}))).code, 'bad-config')
})

control('a path that is too long for a socket is refused with the limit', async () => {
  const socket = join(dir, 'x'.repeat(120), 'bak.sock')
  assert.is((await failure(serve({}, socket))).code, 'bad-config')
  assert.is((await failure(callOnce(socket, 'status', {}))).code, 'bad-config')
})

control('no other user may open the socket, whatever the umask', async () => {
  const before = process.umask(0)
  try {
    await serve({})
  } finally {
    process.umask(before)
  }
  assert.is(statSync(join(dir, 'bak.sock')).mode & 0o777, 0o600)
})

control('the socket is never open to other users, not even while it is created', async () => {
  const socket = join(dir, 'bak.sock')
  const watch = `
    const { lstatSync } = require('node:fs')
    const seen = new Set()
    const look = () => {
      for (let i = 0; i < 2000; i++) {
        try { const { mode } = lstatSync(${JSON.stringify(socket)}); seen.add((mode & 0o777).toString(8)) } catch {}
      }
      setImmediate(look)
    }
    look()
    process.stdin.on('end', () => { console.log([...seen].join(' ')); process.exit() }).resume()
    console.log('ready')`
  const watcher = spawn(process.execPath, ['-e', watch], { stdio: ['pipe', 'pipe', 'inherit'] })
  let said = ''
  watcher.stdout.on('data', data => (said += data))
  await until(() => said === 'ready\n')
  const before = process.umask(0)
  try {
    for (let i = 0; i < 40; i++) {
      const server = await serveControl({} as CallHandlers, socket)
      await server.close()
    }
  } finally {
    process.umask(before)
  }
  watcher.stdin.end()
  await once(watcher, 'close')
  assert.is(said, 'ready\n600\n')
})

control('a server that closes does not remove the socket of the next one', async () => {
  const socket = join(dir, 'bak.sock')
  const first = await serve({})
  unlinkSync(socket)
  await serve({})
  await first.close()
  assert.is(statSync(socket).isSocket(), true)
  assert.equal(readdirSync(dir), ['bak.sock'])
})

const asRoot = skipWhere(process.getuid?.() === 0 ? undefined : 'only root can give a file away', control)
asRoot('a socket of another user is refused by the names of both, and so is a folder of another user', async () => {
  const socket = join(dir, 'bak.sock')
  const server = createNetServer().listen(socket)
  await once(server, 'listening')
  stops.push(() => new Promise(resolve => server.close(resolve)))
  chmodSync(socket, 0o666)
  for (const path of [socket, dir]) {
    chownSync(path, 65534, 65534)
    const error = await failure(callOnce(socket, 'status', {}))
    assert.is(error.code, 'not-allowed')
    assert.match(error.message, new RegExp(`^${path} belongs to \\w[\\w ]*, you are root: `))
    chownSync(path, 0, 0)
  }
})

asRoot('a home that another user closed is refused by the name of that user', async () => {
  await serve({})
  chmodSync(dir, 0o700)
  process.seteuid?.(65534)
  const error = await failure(callOnce(join(dir, 'bak.sock'), 'status', {})).finally(() => process.seteuid?.(0))
  assert.is(error.code, 'not-allowed')
  assert.match(error.message, `${dir} belongs to root, you are `)
})

control.run()
