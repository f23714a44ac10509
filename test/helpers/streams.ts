/** Streams between the two ends of a protocol in one process, which a test can delay, change and break. */
import { generateKeyPairSync } from 'node:crypto'
import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import { mockMuxer, multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { Signer } from '../../protocols/envelope.ts'
import { peerIdOf } from '../../protocols/identity.ts'
import type { Opener } from '../../protocols/stream.ts'

export interface LinkConditions {
  /** Ms that each message takes. */
  delay?: number
  /** Real yamux with its windows; libp2p's mock without windows by default. */
  yamux?: boolean
}

/** One stream: bytes that its caller sent and received. */
interface LinkStream {
  sent: number
  received: number
  /** Breaks it as a lost connection does. */
  cut(): void
}

export interface TestLink {
  open: Opener
  streams: LinkStream[]
  /** Called with each piece that the caller sends. @returns what is sent instead; undefined drops it */
  onSend?: (piece: Uint8Array, stream: LinkStream) => Uint8Array | undefined
  /** Called with each piece that the caller receives. @returns what it receives instead; undefined drops it */
  onAnswer?: (piece: Uint8Array, stream: LinkStream) => Uint8Array | undefined
}

/** Connects an opener to a handler; each call of the opener is a new stream from `peer`. */
export function linkTo(handler: StreamHandler, peer: string, conditions: LinkConditions = {}): TestLink {
  const link: TestLink = {
    streams: [],
    open: async (_protocol, options) => {
      options?.signal?.throwIfAborted()
      const [near, far] = await pair(conditions)
      const counted: LinkStream = { sent: 0, received: 0, cut: () => near.abort(new Error('cut')) }
      link.streams.push(counted)
      tamper(near, piece => {
        counted.sent += piece.byteLength
        return link.onSend == null ? piece : link.onSend(piece, counted)
      })
      tamper(far, piece => {
        counted.received += piece.byteLength
        return link.onAnswer == null ? piece : link.onAnswer(piece, counted)
      })
      handler(far, { remotePeer: { toString: () => peer } } as Connection)
      return near
    }
  }
  return link
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
export async function pair({ delay = 0, yamux: real = false }: LinkConditions = {}): Promise<[Stream, Stream]> {
  // without an address each pair gets two new port numbers, and there are only 65,535
  const [near, far] = multiaddrConnectionPair({ delay, outbound: { remoteAddr }, inbound: { remoteAddr } })
  const factory = real ? yamux({ enableKeepAlive: false })() : mockMuxer()
  const local = factory.createStreamMuxer(near) as unknown as Muxer
  const remote = factory.createStreamMuxer(far) as unknown as Muxer
  const arrived = new Promise<Stream>(resolve => remote.addEventListener('stream', event => resolve(event.detail)))
  const stream = await local.createStream({})
  return [stream, await arrived]
}

type SendData = (data: Uint8ArrayList) => { sentBytes: number; canSendMore: boolean }

/** Lets `change` inspect, change or drop what this end sends. */
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
    // otherwise the stream would send the difference again
    return { ...original(data), sentBytes: whole.byteLength }
  }
}

/** Keeps Node running, which timeouts of signals alone do not. @returns a function that ends it */
export function stayAwake(): () => void {
  const timer = setInterval(() => {}, 60_000)
  return () => clearInterval(timer)
}
