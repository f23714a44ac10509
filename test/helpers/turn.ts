/** Connections that turn from Noise to TLS over real sockets, with somebody between them who may tamper. */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { MessageStream, SecuredConnection } from '@libp2p/interface'
import * as assert from 'uvu/assert'
import { newSecret } from '../../node/mesh/trust/mesh-secret.ts'
import { type Side, type SocketPair, shakeHands, sideOf, socketPair } from './encrypters.ts'

export const secret = newSecret()
const MIB = 2 ** 20

const pairs: SocketPair[] = []

/** Closes all sockets that were made since the last call. */
export function closePairs(): void {
  for (const each of pairs.splice(0)) each.close()
}

/** @returns a pair that `closePairs` closes */
export async function keptPair(between?: (dialler: Socket, listener: Socket) => void): Promise<SocketPair> {
  const pair = await socketPair(between)
  pairs.push(pair)
  return pair
}

export type Direction = 'out' | 'in'
/** Frames of Noise on the way from the dialler and to it, before TLS begins. */
export const NOISE_FRAMES = { out: 4, in: 3 }
/** A piece of the conversation: a frame of Noise by its number from 0, or bytes of TLS. */
export interface Piece {
  direction: Direction
  frame: number | 'tls'
  bytes: Buffer
}
/** @returns what goes on in place of a piece: several are written apart */
export type Tamper = (piece: Piece) => Buffer | Buffer[]

export interface Ends {
  pair: SocketPair
  sides: { near: Side; far: Side }
  ends: [SecuredConnection | Error, SecuredConnection | Error]
}

export interface ShakeOptions {
  tamper?: Tamper
  sides?: { near: Side; far: Side }
  /** Between the two, in place of `tamper`. */
  between?: (dialler: Socket, listener: Socket) => void
  signal?: AbortSignal
}

export async function shake({ tamper, sides, between, signal }: ShakeOptions = {}): Promise<Ends> {
  const stands = between ?? (tamper && tampering(tamper))
  const pair = await keptPair(stands)
  const { near, far } = sides ?? { near: sideOf('mesh', secret), far: sideOf('mesh', secret) }
  const ends = await shakeHands([near, pair.near], [far, pair.far], { signal })
  return { pair, sides: { near, far }, ends }
}

/** Reads the conversation as the two do, and lets `tamper` change each piece of it. */
function tampering(tamper: Tamper): (dialler: Socket, listener: Socket) => void {
  return (dialler, listener) => {
    carry('out', dialler, listener)
    carry('in', listener, dialler)
  }
  function carry(direction: Direction, from: Socket, to: Socket): void {
    let frame = 0
    let rest: Buffer = Buffer.alloc(0)
    const pass = (piece: Piece) => {
      const changed = tamper(piece)
      for (const bytes of Array.isArray(changed) ? changed : [changed]) to.write(bytes)
    }
    from.on('data', (data: Buffer) => {
      rest = Buffer.concat([rest, data])
      while (frame < NOISE_FRAMES[direction] && rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE()) {
        const length = 2 + rest.readUInt16BE()
        pass({ direction, frame: frame++, bytes: rest.subarray(0, length) })
        rest = rest.subarray(length)
      }
      if (frame < NOISE_FRAMES[direction] || rest.length === 0) return
      pass({ direction, frame: 'tls', bytes: rest })
      rest = Buffer.alloc(0)
    })
    from.on('error', () => to.destroy()).once('close', () => to.end())
  }
}

export function streams({ ends }: Ends): [MessageStream, MessageStream] {
  for (const end of ends) if (end instanceof Error) throw end
  const [near, far] = ends as [SecuredConnection, SecuredConnection]
  return [near.connection as MessageStream, far.connection as MessageStream]
}

/** @returns the next `length` bytes of a stream */
export function receive(stream: MessageStream, length: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    const onMessage = ({ data }: { data: { byteLength: number; subarray(): Uint8Array } }) => {
      pieces.push(data.subarray())
      size += data.byteLength
      if (size < length) return
      stream.removeEventListener('message', onMessage as never)
      resolve(Buffer.concat(pieces))
    }
    stream.addEventListener('message', onMessage as never)
    stream.addEventListener('close', ({ error }) => reject(error ?? new Error(`closed after ${size} bytes`)))
  })
}

export async function converses(ends: Ends): Promise<void> {
  const [near, far] = streams(ends)
  for (const [from, to] of [
    [near, far],
    [far, near]
  ] as const) {
    const bytes = randomBytes(MIB)
    const came = receive(to, bytes.length)
    from.send(bytes)
    assert.ok((await came).equals(bytes))
  }
}
