/** Against a router of our own on loopback, which answers as RFC 6886 has it. */
import { createSocket, type Socket } from 'node:dgram'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mapPort, unmapPort } from '../../../node/mesh/reachability/nat-pmp.ts'
import type { BakError } from '../../../protocols/errors.ts'

const test = suite('NAT-PMP')

interface Router {
  port: number
  /** What it was asked, in hex. */
  asked: string[]
}

const sockets: Socket[] = []
test.after.each(() => {
  for (const socket of sockets.splice(0)) socket.close()
})

/** @param answer to a request, or nothing */
async function router(answer: (request: Buffer, count: number) => Buffer | undefined): Promise<Router> {
  const socket = createSocket('udp4')
  sockets.push(socket)
  const asked: string[] = []
  socket.on('message', (request, from) => {
    asked.push(request.toString('hex'))
    const reply = answer(request, asked.length)
    if (reply != null) socket.send(reply, from.port, from.address)
  })
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  return { port: socket.address().port, asked }
}

/** The outside address 192.0.2.7, and the port 50000 for two hours. */
function obliging(request: Buffer): Buffer {
  if (request[1] === 0) return Buffer.from('00800000000000c8c0000207', 'hex')
  const reply = Buffer.from('00820000000000c80000c35000001c20', 'hex')
  request.copy(reply, 8, 4, 6)
  return reply
}

async function failure(work: Promise<unknown>): Promise<BakError> {
  return work.then(
    () => Promise.reject(new Error('nothing was thrown')),
    error => error as BakError
  )
}

test('a port of the router is mapped, for a limited time', async () => {
  const { port, asked } = await router(obliging)
  assert.equal(await mapPort('127.0.0.1', 4001, 7_200, port), {
    external: { host: '192.0.2.7', port: 50_000 },
    internal: '127.0.0.1',
    lifetime: 7_200
  })
  assert.equal(asked, ['0000', '000200000fa10fa100001c20'])
})

test('a mapping is removed by a lifetime of 0', async () => {
  const { port, asked } = await router(obliging)
  await unmapPort('127.0.0.1', 4001, port)
  assert.equal(asked, ['000200000fa1000000000000'])
})

test('a request without an answer is repeated', async () => {
  const { port, asked } = await router((request, count) => (count === 1 ? undefined : obliging(request)))
  assert.is((await mapPort('127.0.0.1', 4001, 7_200, port)).external.port, 50_000)
  assert.equal(asked.slice(0, 2), ['0000', '0000'])
})

test('a refusal is reported with its result', async () => {
  const { port } = await router(() => Buffer.from('008000020000000000000000', 'hex'))
  const { code, message } = await failure(mapPort('127.0.0.1', 4001, 7_200, port))
  assert.is(code, 'not-allowed')
  assert.match(message, /result 2/)
})

test('answers to other requests, and truncated ones, are ignored', async () => {
  const wrong = [Buffer.from('0082'), Buffer.alloc(0), Buffer.from('00820000000000c80000c35000001c20', 'hex')]
  const { port } = await router((request, count) => wrong[count - 1] ?? obliging(request))
  assert.is((await mapPort('127.0.0.1', 4001, 7_200, port)).external.host, '192.0.2.7')
})

test('a router without NAT-PMP is given up within seconds', async () => {
  const { port } = await router(() => undefined)
  const began = performance.now()
  assert.is((await failure(mapPort('127.0.0.1', 4001, 7_200, port))).code, 'unreachable')
  assert.ok(performance.now() - began < 10_000)
})

test('a machine with a closed port is reported at once', async () => {
  const socket = createSocket('udp4')
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>(resolve => socket.close(() => resolve()))
  assert.is((await failure(mapPort('127.0.0.1', 4001, 7_200, port))).code, 'unreachable')
})

test.run()
