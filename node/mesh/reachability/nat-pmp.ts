/**
 * NAT-PMP, RFC 6886: maps a port of the router to one of this machine, with two requests over UDP. Requests without an answer
 * are repeated a few times.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import type { Endpoint } from '../../../protocols/observe.ts'
import { pause } from '../../wait.ts'

/** The router's port: RFC 6886, section 3.1. */
const PMP_PORT = 5351
const EXTERNAL_ADDRESS = 0
const MAP_TCP = 2
/** Added to the operation code in an answer. */
const ANSWER_FLAG = 128
/** Waits before each repeat; the RFC goes on doubling up to a minute, which is too long for a start. */
const REPEAT_DELAYS_MS = [250, 500, 1_000, 2_000]

export interface PmpMapping {
  external: Endpoint
  /** Address of this machine on the side of the router. */
  internal: string
  /** Seconds for which the router keeps it. */
  lifetime: number
}

/**
 * @param lifetime seconds that are asked for
 * @param port of the router, where it is not the standard one
 * @throws {BakError} `unreachable` if the router does not know NAT-PMP, `not-allowed` if it refuses
 */
export async function mapPort(
  router: string,
  internal: number,
  lifetime: number,
  port = PMP_PORT
): Promise<PmpMapping> {
  const socket = await open(router, port)
  try {
    const address = await ask(socket, Buffer.from([0, EXTERNAL_ADDRESS]), 12)
    const host = [...address.subarray(8, 12)].join('.')
    const mapped = await ask(socket, mapRequest(internal, lifetime), 16)
    return {
      external: { host, port: mapped.readUInt16BE(10) },
      internal: socket.address().address,
      lifetime: mapped.readUInt32BE(12)
    }
  } finally {
    socket.close()
  }
}

/** Removes the mapping. */
export async function unmapPort(router: string, internal: number, port = PMP_PORT): Promise<void> {
  const socket = await open(router, port)
  await ask(socket, mapRequest(internal, 0), 16).finally(() => socket.close())
}

/** Suggests the same number for the outer port. */
function mapRequest(internal: number, lifetime: number): Buffer {
  const request = Buffer.alloc(12)
  request.writeUInt8(MAP_TCP, 1)
  request.writeUInt16BE(internal, 4)
  request.writeUInt16BE(lifetime === 0 ? 0 : internal, 6)
  request.writeUInt32BE(lifetime, 8)
  return request
}

async function open(router: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  try {
    socket.connect(port, router)
    await once(socket, 'connect')
    return socket
  } catch (cause) {
    socket.close()
    throw new BakError('unreachable', `the router ${router} cannot be reached: ${asBakError(cause).message}`, { cause })
  }
}

/** @returns the answer, at least `length` bytes of it */
async function ask(socket: Socket, request: Buffer, length: number): Promise<Buffer> {
  const operation = request.readUInt8(1)
  const answered = Promise.withResolvers<Buffer>()
  const onMessage = (message: Buffer) => {
    if (message.length >= length && message.readUInt8(1) === operation + ANSWER_FLAG) answered.resolve(message)
  }
  const onError = (error: Error) => answered.reject(error)
  socket.on('message', onMessage)
  socket.on('error', onError)
  try {
    for (const wait of REPEAT_DELAYS_MS) {
      socket.send(request)
      const answer = await Promise.race([answered.promise, pause(wait)])
      if (answer == null) continue
      const result = answer.readUInt16BE(2)
      if (result === 0) return answer
      throw new BakError('not-allowed', `the router refused with NAT-PMP result ${result}`)
    }
    throw new BakError('unreachable', 'the router does not answer NAT-PMP')
  } catch (cause) {
    if (cause instanceof BakError) throw cause
    throw new BakError('unreachable', `the router does not support NAT-PMP: ${(cause as Error).message}`, { cause })
  } finally {
    socket.off('message', onMessage)
    socket.off('error', onError)
  }
}
