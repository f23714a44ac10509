/** Roads between two ends of a protocol, in one process, with a way to make them bad. */
import { generateKeyPairSync } from 'node:crypto'
import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import { mockMuxer, multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { Signer } from '../../protocols/envelope.ts'
import { peerIdOf } from '../../protocols/identity.ts'
import type { Opener } from '../../protocols/stream.ts'

export interface Weather {
  /** Ms that each message takes. */
  delay?: number
  /** Real yamux with its windows, where the default is libp2p's mock without any. */
  yamux?: boolean
}

/** What one stream carried, from the caller's end. */
export interface Carried {
  sent: number
  received: number
  /** Breaks it as a lost connection does. */
  cut(): void
}

export interface Road {
  open: Opener
  streams: Carried[]
  /** Called with each piece that the caller sends; what it returns travels instead; nothing at all if undefined. */
  onSend?: (piece: Uint8Array, stream: Carried) => Uint8Array | undefined
  /** The same for what comes back. */
  onAnswer?: (piece: Uint8Array, stream: Carried) => Uint8Array | undefined
}

/** Connects an opener to a served protocol; each call of it is a new stream from `peer`. */
export function road(handler: StreamHandler, peer: string, weather: Weather = {}): Road {
  const made: Road = {
    streams: [],
    open: async (_protocol, options) => {
      options?.signal?.throwIfAborted()
      const [near, far] = await pair(weather)
      const carried: Carried = { sent: 0, received: 0, cut: () => near.abort(new Error('cut')) }
      made.streams.push(carried)
      tamper(near, piece => {
        carried.sent += piece.byteLength
        return made.onSend == null ? piece : made.onSend(piece, carried)
      })
      tamper(far, piece => {
        carried.received += piece.byteLength
        return made.onAnswer == null ? piece : made.onAnswer(piece, carried)
      })
      handler(far, { remotePeer: { toString: () => peer } } as Connection)
      return near
    }
  }
  return made
}

/** A new key and its peer id. */
export function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const x = publicKey.export({ format: 'jwk' }).x as string
  return { key: privateKey, peer: peerIdOf(Buffer.from(x, 'base64url')) }
}

interface Muxer {
  createStream(options?: object): Promise<Stream> | Stream
  addEventListener(type: 'stream', listener: (event: CustomEvent<Stream>) => void): void
}

const remoteAddr = multiaddr('/ip4/127.0.0.1/tcp/1')

/** As libp2p's `streamPair`, with a choice of muxer. */
export async function pair({ delay = 0, yamux: real = false }: Weather = {}): Promise<[Stream, Stream]> {
  // unless told, each pair takes two ports of its own, and there are 65,535
  const [near, far] = multiaddrConnectionPair({ delay, outbound: { remoteAddr }, inbound: { remoteAddr } })
  const factory = real ? yamux({ enableKeepAlive: false })() : mockMuxer()
  const local = factory.createStreamMuxer(near) as unknown as Muxer
  const remote = factory.createStreamMuxer(far) as unknown as Muxer
  const arrived = new Promise<Stream>(resolve => remote.addEventListener('stream', event => resolve(event.detail)))
  const stream = await local.createStream({})
  return [stream, await arrived]
}

type SendData = (data: Uint8ArrayList) => { sentBytes: number; canSendMore: boolean }

/** Lets `change` see, alter or lose what this end sends. */
function tamper(stream: Stream, change: (piece: Uint8Array) => Uint8Array | undefined): void {
  const end = stream as unknown as { sendData: SendData }
  const original = end.sendData.bind(stream)
  end.sendData = data => {
    const whole = data.subarray()
    const instead = change(whole)
    if (instead === undefined) return { sentBytes: whole.byteLength, canSendMore: true }
    if (instead === whole) return original(data)
    data.consume(whole.byteLength)
    data.append(instead)
    // the stream would send again what it believes was left
    return { ...original(data), sentBytes: whole.byteLength }
  }
}

/** Deadlines alone do not keep Node running; call this first and what it returns last. */
export function stayAwake(): () => void {
  const timer = setInterval(() => {}, 60_000)
  return () => clearInterval(timer)
}
