/**
 * The secret that all peers of a mesh share. It is in the Noise prologue, under an encrypter id that bears the number of the
 * secret's generation, so that a peer without it cannot finish a handshake, and a rotation is two encrypters side by side.
 */
import { createHash, randomBytes } from 'node:crypto'

export interface MeshSecret {
  generation: number
  /** 32 random bytes. */
  value: Uint8Array
  /** Ms since 1970: until then a peer that knows only an older secret is admitted. Absent for a secret that came with no rotation. */
  ends?: number
}

export function newSecret(generation = 1): MeshSecret {
  return { generation, value: new Uint8Array(randomBytes(32)) }
}

export const encrypterId = ({ generation }: MeshSecret) => `/bak/noise/${generation}`

export function prologue(mesh: string, { generation, value }: MeshSecret): Uint8Array {
  return createHash('sha256').update(`bak mesh ${mesh} ${generation}\0`).update(value).digest()
}

/** @returns until when peers that know only this secret are admitted, ms since 1970; undefined: without an end */
export function endOf(secrets: MeshSecret[], generation: number): number | undefined {
  const ends = secrets.filter(each => each.generation > generation).map(({ ends }) => ends)
  return ends.reduce((least, end) => (least == null || (end != null && end < least) ? end : least), undefined)
}
