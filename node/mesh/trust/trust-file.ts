/**
 * `trust.json`: the trust entries that this peer knows, and the invitations that it issued itself. Lost revocations would
 * admit revoked peers, so a damaged file is never taken for an empty one.
 */
import * as v from 'valibot'
import { decode, encode } from '../../../protocols/codec.ts'
import { type Envelope, envelope } from '../../../protocols/envelope.ts'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { type TrustEntry, trustEntry } from '../../../protocols/trust-entries.ts'
import { writeAtomic } from '../../store/atomic.ts'
import type { Home } from '../../store/home.ts'
import { readPrivate } from '../../store/private.ts'

const content = v.object({ entries: v.array(v.string()), issued: v.array(v.string()) })

export interface TrustFile {
  entries: TrustEntry[]
  /** Sealed invitations. */
  issued: Envelope[]
}

/** @throws {BakError} `bad-config` if it is damaged, or others may read it */
export async function readTrust(home: Home): Promise<TrustFile> {
  const text = await readPrivate(home.trust)
  if (text == null) return { entries: [], issued: [] }
  try {
    const { entries, issued } = v.parse(content, JSON.parse(text))
    return {
      entries: entries.map(each => decode(trustEntry, Buffer.from(each, 'base64url'))),
      issued: issued.map(each => decode(envelope, Buffer.from(each, 'base64url')))
    }
  } catch (cause) {
    throw new BakError('bad-config', `${home.trust} is damaged: ${(cause as Error).message}`, { cause })
  }
}

/** Writes the file; changes during a write are written together, in one further write. */
export class TrustFileWriter {
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

  /** Resolves when the latest change is on disk. */
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

async function writeTrust(home: Home, { entries, issued }: TrustFile): Promise<void> {
  const text = (value: unknown) => Buffer.from(encode(value)).toString('base64url')
  const all = { entries: entries.map(text), issued: issued.map(text) }
  await writeAtomic(home.trust, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 })
}
