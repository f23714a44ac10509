/**
 * The unix socket between the daemon of a member and its driver, from both ends: four bytes of length, big-endian, then CBOR (driver-messages.ts).
 * Who reads slowly holds the other side up; what waits to be sent is bounded by who awaits `send`.
 */
import type { Socket } from 'node:net'
import { decode, encode, type Schema } from '../../../protocols/codec.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { type FromDriver, fromDriver, MAX_DRIVER_FRAME, type ToDriver, toDriver } from './driver-messages.ts'

const HEAD = 4

/** Frames of one connection. All errors are a `BakError`. */
export class DriverPipe<Sent, Received> {
  readonly #socket: Socket
  readonly #schema: Schema<Received>
  readonly #closed: Promise<void>
  /** When there is room again: of all that wait for it. */
  #room: Promise<void> | undefined

  /** @param socket connected; nobody else reads or writes it */
  constructor(socket: Socket, schema: Schema<Received>) {
    this.#socket = socket
    this.#schema = schema
    this.#closed = new Promise(resolve => socket.once('close', () => resolve()))
    // what went wrong is told by `send` and by the messages
    socket.on('error', () => {})
  }

  /**
   * Frames go out in the order of the calls, awaited or not.
   * @returns when there is room for the next
   * @throws {BakError} `bad-message` for one that is too large, `unreachable` if the socket is closed
   */
  async send(message: Sent): Promise<void> {
    const body = encode(message)
    if (body.length > MAX_DRIVER_FRAME)
      throw new BakError('bad-message', `a message of ${body.length} bytes is too large for the driver's socket`)
    const socket = this.#socket
    if (!socket.writable) throw gone()
    const head = Buffer.allocUnsafe(HEAD)
    head.writeUInt32BE(body.length)
    socket.cork()
    socket.write(head)
    const hasRoom = socket.write(body)
    socket.uncork()
    if (hasRoom) return
    this.#room ??= this.#drained()
    await this.#room
    if (!socket.writable) throw gone()
  }

  async #drained(): Promise<void> {
    const drained = Promise.withResolvers<void>()
    this.#socket.once('drain', drained.resolve)
    await Promise.race([drained.promise, this.#closed])
    this.#socket.off('drain', drained.resolve)
    this.#room = undefined
  }

  /** Each message, until the other side closes. @throws {BakError} `bad-message`, `unreachable` if it ends in the middle of one */
  async *[Symbol.asyncIterator](): AsyncGenerator<Received> {
    const chunks: Buffer[] = []
    let held = 0
    let needed = HEAD
    for await (const chunk of this.#chunks()) {
      chunks.push(chunk)
      held += chunk.length
      if (held < needed) continue
      let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks, held)
      chunks.length = 0
      for (;;) {
        needed = HEAD
        if (rest.length < HEAD) break
        needed = HEAD + lengthOf(rest)
        if (rest.length < needed) break
        // a copy: the message may be kept, and the chunk holds others
        yield decode(this.#schema, new Uint8Array(rest.subarray(HEAD, needed)))
        rest = rest.subarray(needed)
      }
      if (rest.length > 0) chunks.push(rest)
      held = rest.length
    }
    if (held > 0) throw new BakError('unreachable', 'the socket of the driver ended in the middle of a message')
  }

  /** No more is sent; what was sent before still arrives. */
  end(): void {
    this.#socket.end()
  }

  close(): void {
    this.#socket.destroy()
  }

  async *#chunks(): AsyncGenerator<Buffer> {
    try {
      yield* this.#socket as AsyncIterable<Buffer>
    } catch (cause) {
      throw new BakError('unreachable', `the socket of the driver broke: ${asBakError(cause).message}`, { cause })
    }
  }
}

function lengthOf(frame: Buffer): number {
  const length = frame.readUInt32BE()
  if (length > MAX_DRIVER_FRAME)
    throw new BakError('bad-message', `a message of ${length} bytes is too large for the driver's socket`)
  return length
}

const gone = () => new BakError('unreachable', 'the socket of the driver is closed')

/** @returns the daemon's end */
export const pipeToDriver = (socket: Socket) => new DriverPipe<ToDriver, FromDriver>(socket, fromDriver)

/** @returns the driver's end */
export const pipeToDaemon = (socket: Socket) => new DriverPipe<FromDriver, ToDriver>(socket, toDriver)
