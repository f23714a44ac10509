/** Hostile input to both sides of the control socket. */
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import * as fc from 'fast-check'
import type { Schema } from '../../protocols/codec.ts'
import { type CallHandlers, type CallName, calls } from '../../protocols/control.ts'
import { callDaemon, serveControl } from '../../protocols/control-http.ts'
import { errorCodes } from '../../protocols/errors.ts'
import { changed, spliced } from './bytes.ts'
import { codeOf } from './files.ts'
import { valuesOf } from './messages.ts'
import { type Target, within } from './target.ts'
import type { World } from './world.ts'

const names = Object.keys(calls) as CallName[]
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))
const jsonOf = (schema: unknown) => valuesOf(schema as Schema).map(value => JSON.stringify(value))

/** Complete HTTP requests. */
const requestOf = (name: CallName) =>
  fc
    .record({
      method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT'),
      path: fc.constantFrom(`/v1/${name}`, `/v1/${name}`, `/v2/${name}`, '/v1/__proto__', '/'),
      body: fc.oneof({ weight: 3, arbitrary: jsonOf(calls[name].request) }, fc.json(), fc.string()),
      more: fc.integer({ min: -3, max: 3 })
    })
    .map(({ method, path, body, more }) => {
      const length = Math.max(0, Buffer.byteLength(body) + (more === 3 ? 1 : more === -3 ? -1 : 0))
      return bytesOf(`${method} ${path} HTTP/1.1\r\nhost: bak\r\ncontent-length: ${length}\r\n\r\n${body}`)
    })

const answerOf = (name: CallName) =>
  fc.array(jsonOf(calls[name].response), { maxLength: 3 }).map(lines => `${lines.join('\n')}\n`)
const failure = fc.record({ code: fc.constantFrom(...errorCodes, 'x'), message: fc.string() })
const replies = () =>
  fc
    .oneof(
      ...names.map(answerOf),
      failure.map(error => `${JSON.stringify({ error })}\n`),
      fc.string()
    )
    .map(body => bytesOf(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`))

const mutated = (good: fc.Arbitrary<Uint8Array>) =>
  fc.oneof(
    { weight: 4, arbitrary: good },
    { weight: 4, arbitrary: changed(good) },
    { weight: 1, arbitrary: spliced(good) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 128 }) }
  )

const servers = new WeakMap<World, Promise<{ daemon: string; hostile: string; answer: { bytes: Uint8Array } }>>()

/** One of each per world: a daemon whose calls do nothing, and a server that answers with the fuzzer's bytes. */
function sockets(world: World) {
  const known = servers.get(world) ?? open(world)
  servers.set(world, known)
  return known
}

async function open(world: World) {
  const nothing = async function* () {}
  const handlers = Object.fromEntries(names.map(name => [name, nothing])) as unknown as CallHandlers
  const [daemon, hostile] = [join(world.folder, 'daemon.sock'), join(world.folder, 'hostile.sock')]
  const control = await serveControl(handlers, daemon)
  const answer = { bytes: new Uint8Array() }
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(answer.bytes))
  })
  server.listen(hostile)
  await once(server, 'listening')
  world.ends.push(
    () => control.close(),
    () => closed(server)
  )
  return { daemon, hostile, answer }
}

const closed = (server: Server) => new Promise<void>(resolve => server.close(() => resolve()))

export const controlRequests: Target<Uint8Array> = {
  name: 'control requests',
  refusals: ['usage', 'version-clash', 'interrupted'],
  inputs: () => mutated(fc.oneof(...names.map(requestOf))),
  feed: async (world, bytes) => {
    const { daemon } = await sockets(world)
    const socket = connect(daemon)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => {})
    socket.end(bytes)
    await within('the daemon', once(socket, 'close'))
    return codesIn(Buffer.concat(chunks).toString())
  }
}

/** @returns the codes of all errors in the response */
function codesIn(text: string): string[] {
  const codes = [...text.matchAll(/^\{"error":\{"code":"([\w-]+)"/gm)].map(([, code]) => code as string)
  return codes.length > 0 || text === '' ? codes : [/^HTTP\/1\.1 200/m.test(text) ? 'ok' : 'usage']
}

export const controlAnswers: Target<Uint8Array> = {
  name: 'control answers',
  refusals: errorCodes,
  inputs: () => mutated(replies()),
  feed: async (world, bytes) => {
    const { hostile, answer } = await sockets(world)
    answer.bytes = bytes
    const call = names[bytes.length % names.length] as CallName
    return [
      await within(
        'the call',
        codeOf(() => Array.fromAsync(callDaemon(hostile, call, {} as never)))
      )
    ]
  }
}
