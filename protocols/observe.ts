/**
 * How a peer learns the public endpoint of one of its ports. It asks a relay, which answers with a token and two TCP ports. The
 * peer connects to each from the port in question, sends the token as hex and a newline, and gets one line back:
 * `ADDRESS:PORT PROOF`. The proof is a signed statement of the relay, in base64url, that the peer may show to others. Two ports,
 * or two relays, reveal a symmetric NAT.
 */
import * as v from 'valibot'
import { decode, encode } from './codec.ts'
import { type Envelope, envelope, open, type Signed, type Subject } from './envelope.ts'
import { BakError } from './errors.ts'
import { bytes, list, multiaddress, peerId } from './fields.ts'
import type { Protocol } from './stream.ts'

export const TOKEN_BYTES = 16
/** Longest line that an observer sends. */
export const MAX_LINE_BYTES = 1024

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))

/** The endpoint from which a peer's socket reached the observer. */
export const observation = v.object({ peer: peerId, address: multiaddress })
export type Observation = v.InferOutput<typeof observation>
export const observationSubject: Subject<Observation> = { name: 'observation', schema: observation }

export const observeProtocol: Protocol<Record<string, never>, { token: Uint8Array; ports: number[] }> = {
  id: '/bak/observe/1.0.0',
  request: v.strictObject({}),
  response: v.object({ token: v.pipe(bytes(TOKEN_BYTES), v.length(TOKEN_BYTES)), ports: list(port, 2) }),
  timeout: 5_000,
  maxFrame: 1024
}

export interface Endpoint {
  host: string
  port: number
}

/** `/ip4/192.0.2.7/tcp/4001` */
export const addressOf = ({ host, port }: Endpoint) => `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`

/** @throws {BakError} `bad-message` for anything but an IP address and a TCP port */
export function endpointOf(address: string): Endpoint {
  const [, host, digits] = /^\/ip[46]\/([0-9a-fA-F.:]+)\/tcp\/(\d{1,5})$/.exec(address) ?? []
  const number = Number(digits)
  if (host == null || number < 1 || number > 65_535)
    throw new BakError('bad-message', `${address} is not a TCP address`)
  return { host, port: number }
}

export function writeLine({ host, port }: Endpoint, proof: Envelope): string {
  return `${host}:${port} ${Buffer.from(encode(proof)).toString('base64url')}\n`
}

/** @throws {BakError} `bad-message` */
export function readProof(line: string): Envelope {
  const [, proof] = /^\S+:\d+ ([A-Za-z0-9_-]+)$/.exec(line) ?? []
  if (proof == null) throw new BakError('bad-message', 'malformed line of an observer')
  return decode(envelope, Buffer.from(proof, 'base64url'))
}

/** @throws {BakError} `bad-message`, `bad-signature`, or `not-allowed` for a proof about another peer, or signed by the peer itself */
export function openProof(proof: Envelope, peer: string): Signed<Observation> & { endpoint: Endpoint } {
  const opened = open(observationSubject, proof)
  if (opened.value.peer !== peer || opened.by === peer) {
    throw new BakError('not-allowed', `${opened.by} has not observed ${peer}`)
  }
  return { ...opened, endpoint: endpointOf(opened.value.address) }
}
