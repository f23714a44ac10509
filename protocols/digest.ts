import { createHash, type Hash } from 'node:crypto'

/** @returns SHA-256 of `bytes`, lower-case hex */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function newDigest(): Hash {
  return createHash('sha256')
}
