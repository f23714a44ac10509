/** What a protocol is, what its handler and its caller are given, and how a stream to a peer is asked for. `stream.ts` says how they meet. */
import type { Stream } from '@libp2p/interface'
import type { Schema } from './codec.ts'
import type { Carrier } from './path.ts'

export interface Protocol<Request, Response> {
  /** `/bak/<name>/<semver>` */
  id: string
  request: Schema<Request>
  response: Schema<Response>
  /** Longest silence of the other side in ms; Infinity for a stream that is kept open. */
  timeout: number
  /** Largest frame in bytes, either way. */
  maxFrame: number
  /** Largest frame of who calls, where it is smaller. */
  maxRequest?: number
  /** Bytes that may have come and wait to be read, either way, before the other side is held back; a frame unless told. */
  maxUnread?: number
}

/** What a handler may use beside the first request. */
export interface Exchange<Request> {
  /** The peer at the other end, proven by the connection. */
  peer: string
  /** None where a peer talks to itself. */
  carrier?: Carrier
  /** Aborts when the stream is gone. */
  signal: AbortSignal
  /** @returns the caller's next message, or undefined when it has no more to say */
  receive(): Promise<Request | undefined>
  /** Fills `into` with the plain bytes that the message before said come behind it: it is to be as long as they are. */
  receivePlain(into: Uint8Array): Promise<void>
}

export type Handler<Request, Response> = (request: Request, exchange: Exchange<Request>) => AsyncIterable<Response>

/** The caller's end. */
export interface Call<Request, Response> extends AsyncIterable<Response> {
  /** @param plain comes behind the request as it is, and is not to be changed any more */
  send(request: Request, plain?: Uint8Array): Promise<void>
  /** @returns the next response, or undefined when the other side has no more to say */
  receive(): Promise<Response | undefined>
  /** Says that no more requests come, and lets the stream go. */
  close(): Promise<void>
  abort(error: Error): void
}

export interface WaitOptions {
  signal?: AbortSignal
}

/** Opens a stream of a protocol to one peer; `local` where that peer is this one. */
export interface Opener {
  (protocol: string, options?: WaitOptions): Promise<Stream>
  local?: (protocol: string) => { handler: Handler<never, unknown>; peer: string } | undefined
}
