/**
 * `trust.json`: the trust entries that this peer knows, and the invitations that it issued itself. Lost revocations would
 * admit revoked peers, so a damaged file is never taken for an empty one.
 */
import * as v from 'valibot'
import { decode, encode, type Schema } from '../../../protocols/codec.ts'
import { type Envelope, envelope } from '../../../protocols/envelope.ts'
import { asBakError, type BakError } from '../../../protocols/errors.ts'
import { type TrustEntry, trustEntry } from '../../../protocols/trust-entries.ts'
import type { Home } from '../../store/home.ts'
import { readPrivateJson, writePrivateJson } from '../../store/private.ts'

const inBase64 = <T>(schema: Schema<T>) =>
  v.array(
    v.pipe(
      v.string(),
      v.transform(text => decode(schema, Buffer.from(text, 'base64url')))
    )
  )
const content = v.object({ entries: inBase64(trustEntry), issued: inBase64(envelope) })

export interface TrustFile {
  entries: TrustEntry[]
  /** Sealed invitations. */
  issued: Envelope[]
}

/** @throws {BakError} `bad-config` if it is damaged, or others may read it */
export const readTrust = async (home: Home): Promise<TrustFile> =>
  (await readPrivateJson(home.trust, value => v.parse(content, value))) ?? { entries: [], issued: [] }

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
  await writePrivateJson(home.trust, { entries: entries.map(text), issued: issued.map(text) })
}
