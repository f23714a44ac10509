/**
 * The two secrets of a home: this peer's key, made once and never written again, and the mesh it belongs to. Both files
 * are readable by their owner only.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import * as v from 'valibot'
import { BakError } from '../protocols/errors.ts'
import { count, list, multiaddress, peerId } from '../protocols/fields.ts'
import { peerIdOf } from '../protocols/identity.ts'
import type { Ticket } from '../protocols/ticket.ts'
import { newSecret } from './mesh/trust.ts'
import { createOnce, writeAtomic } from './store/atomic.ts'
import type { Home } from './store/home.ts'
import { readPrivate } from './store/private.ts'

export interface Identity {
  peer: string
  key: KeyObject
  /** Seed and public key, 64 bytes: what libp2p calls the raw key. */
  raw: Uint8Array
}

const meshFile = v.object({
  mesh: peerId,
  secret: v.object({ generation: count, value: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)) }),
  /** Addresses from the ticket. */
  way: list(multiaddress, 16),
  /** The TCP port of the last start, taken again so that tickets stay good. */
  port: v.optional(count)
})
export type MeshFile = v.InferOutput<typeof meshFile>

/**
 * Makes the key if there is none.
 * @throws {BakError} `bad-config` if others may read it, or it is damaged; `not-allowed` if it is another user's
 */
export async function loadIdentity(home: Home): Promise<Identity> {
  const pem = (await readPrivate(home.key)) ?? (await makeKey(home))
  return readKey(home.key, pem)
}

/** Of many who make one at the same time, one does, and the others take that. */
async function makeKey(home: Home): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519')
  await createOnce(home.key, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600)
  return (await readPrivate(home.key)) ?? ''
}

function readKey(path: string, pem: string): Identity {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it holds a key of type ${key.asymmetricKeyType}`)
    const { d, x } = key.export({ format: 'jwk' })
    const [seed, open] = [Buffer.from(d as string, 'base64url'), Buffer.from(x as string, 'base64url')]
    return { peer: peerIdOf(open), key, raw: new Uint8Array(Buffer.concat([seed, open])) }
  } catch (cause) {
    throw new BakError('bad-config', `${path} is not the key of a peer: ${(cause as Error).message}`, { cause })
  }
}

/**
 * The mesh of this home: the one it is in, the one a ticket leads to, or a new one.
 * @throws {BakError} `not-allowed` if the home is in another mesh than the ticket's
 */
export async function loadMesh(home: Home, identity: Identity, ticket?: Ticket): Promise<MeshFile> {
  const known = await readMesh(home)
  if (known != null && ticket == null) return known
  if (known != null && ticket != null && known.mesh !== ticket.mesh) {
    throw new BakError(
      'not-allowed',
      `this home is in mesh ${known.mesh}; the ticket is of ${ticket.mesh}: use another --home`
    )
  }
  const mesh = ticket == null ? found(identity) : { ...fromTicket(ticket), port: known?.port }
  await writeMesh(home, mesh)
  return mesh
}

/** @returns undefined where the home is in no mesh yet */
export async function readMesh(home: Home): Promise<MeshFile | undefined> {
  // nothing but a file that is not there may make a new mesh in its place
  const content = await readPrivate(home.mesh)
  if (content == null) return undefined
  try {
    return v.parse(meshFile, JSON.parse(content))
  } catch (cause) {
    throw new BakError('bad-config', `${home.mesh} is damaged: ${(cause as Error).message}`, { cause })
  }
}

export async function writeMesh(home: Home, mesh: MeshFile): Promise<void> {
  await writeAtomic(home.mesh, `${JSON.stringify(mesh, null, 2)}\n`, { mode: 0o600 })
}

export function secretOf({ secret }: MeshFile) {
  return { generation: secret.generation, value: new Uint8Array(Buffer.from(secret.value, 'base64url')) }
}

function found(identity: Identity): MeshFile {
  const { generation, value } = newSecret()
  return { mesh: identity.peer, secret: { generation, value: Buffer.from(value).toString('base64url') }, way: [] }
}

function fromTicket({ mesh, generation, secret, addresses, from }: Ticket): MeshFile {
  const way = addresses.map(address => (address.includes('/p2p/') ? address : `${address}/p2p/${from}`))
  return { mesh, secret: { generation, value: Buffer.from(secret).toString('base64url') }, way }
}
