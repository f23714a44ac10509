/** This peer's key: made once, never written again, and readable by its owner only. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { BakError } from '../protocols/errors.ts'
import { peerIdOf } from '../protocols/identity.ts'
import { createOnce } from './store/atomic.ts'
import type { Home } from './store/home.ts'
import { readPrivate } from './store/private.ts'

export interface Identity {
  peer: string
  key: KeyObject
  /** Seed and public key, 64 bytes: what libp2p calls the raw key. */
  raw: Uint8Array
}

/**
 * Makes the key if there is none.
 * @throws {BakError} `bad-config` if others may read it, or it is damaged; `not-allowed` if it is another user's
 */
export async function loadIdentity(home: Home): Promise<Identity> {
  const pem = (await readPrivate(home.key)) ?? (await makeKey(home))
  return readKey(home.key, pem)
}

/** Of several processes that make one at the same time one succeeds, and all read its key. */
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
    const [seed, publicKey] = [Buffer.from(d as string, 'base64url'), Buffer.from(x as string, 'base64url')]
    return { peer: peerIdOf(publicKey), key, raw: new Uint8Array(Buffer.concat([seed, publicKey])) }
  } catch (cause) {
    throw new BakError('bad-config', `${path} is not the key of a peer: ${(cause as Error).message}`, { cause })
  }
}
