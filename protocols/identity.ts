/**
 * Peer ids are libp2p's: the identity multihash of a protobuf-framed Ed25519 public key, in base58btc. Signatures are made
 * and checked with Node's own crypto, so that the command line needs no libp2p to verify a certificate.
 */
import { createPublicKey, sign as edSign, verify as edVerify, type KeyObject } from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'
import { BakError } from './errors.ts'

/** identity multihash (0x00, 36 bytes) of PublicKey{type: Ed25519 (0x08 0x01), data: 32 bytes (0x12 0x20)}; libp2p peer-ids spec */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

const cache = new Map<string, KeyObject>()
const MAX_CACHED = 4096

/** @param raw 32 bytes of an Ed25519 public key */
export function peerIdOf(raw: Uint8Array): string {
  return base58btc.baseEncode(Uint8Array.of(...PREFIX, ...raw))
}

/** @throws {BakError} `bad-message` if `peer` is not the id of an Ed25519 key */
export function publicKeyOf(peer: string): KeyObject {
  const known = cache.get(peer)
  if (known != null) return known
  let bytes: Uint8Array
  try {
    bytes = base58btc.baseDecode(peer)
  } catch (cause) {
    throw new BakError('bad-message', `not a peer id: ${peer}`, { cause })
  }
  if (bytes.length !== 38 || PREFIX.some((byte, i) => bytes[i] !== byte)) {
    throw new BakError('bad-message', `not the id of an Ed25519 key: ${peer}`)
  }
  const x = Buffer.from(bytes.subarray(PREFIX.length)).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string)
  cache.set(peer, key)
  return key
}

export function sign(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(edSign(null, bytes, key))
}

export function verify(peer: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  return edVerify(null, bytes, publicKeyOf(peer), signature)
}
