/**
 * `trust.json`: what this peer has heard the mesh decide, and the invitations that it issued itself. Lost revocations would let
 * people in, so a file that is damaged is never taken for an empty one.
 */
import * as v from 'valibot'
import { decode, encode } from '../../../protocols/codec.ts'
import { type Envelope, envelope } from '../../../protocols/envelope.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { type Fact, fact } from '../../../protocols/trust.ts'
import { writeAtomic } from '../../store/atomic.ts'
import type { Home } from '../../store/home.ts'
import { readPrivate } from '../../store/private.ts'

const content = v.object({ facts: v.array(v.string()), issued: v.array(v.string()) })

export interface TrustFile {
  facts: Fact[]
  /** Invitations. */
  issued: Envelope[]
}

/** @throws {BakError} `bad-config` if it is damaged, or others may read it */
export async function readTrust(home: Home): Promise<TrustFile> {
  const text = await readPrivate(home.trust)
  if (text == null) return { facts: [], issued: [] }
  try {
    const { facts, issued } = v.parse(content, JSON.parse(text))
    return {
      facts: facts.map(each => decode(fact, Buffer.from(each, 'base64url'))),
      issued: issued.map(each => decode(envelope, Buffer.from(each, 'base64url')))
    }
  } catch (cause) {
    throw new BakError('bad-config', `${home.trust} is damaged: ${(cause as Error).message}`, { cause })
  }
}

/** Writes what is known, the latest last; what changes while it writes is written in one go. */
export class TrustKeeper {
  readonly #home: Home
  readonly #onError: (error: BakError) => void
  #next: TrustFile | undefined
  #writing: Promise<void> | undefined

  constructor(home: Home, onError: (error: BakError) => void) {
    this.#home = home
    this.#onError = onError
  }

  save(file: TrustFile): void {
    this.#next = file
    this.#writing ??= this.#write()
  }

  /** Resolves when everything is on the disk. */
  async close(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    for (let file = this.#next; file != null; file = this.#next) {
      this.#next = undefined
      await writeTrust(this.#home, file).catch(error => this.#onError(asBakError(error)))
    }
    this.#writing = undefined
  }
}

async function writeTrust(home: Home, { facts, issued }: TrustFile): Promise<void> {
  const text = (value: unknown) => Buffer.from(encode(value)).toString('base64url')
  const all = { facts: facts.map(text), issued: issued.map(text) }
  await writeAtomic(home.trust, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 })
}
