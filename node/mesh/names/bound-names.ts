/**
 * Whom the names in `allow.controllers` and `allow.archive` mean. Peers choose their names, so a name is bound to the first peer that it lets
 * in: another one that takes it later, while the first is away, is not let in. Both lists share the bindings: one name is one peer here.
 */
import * as v from 'valibot'
import { BakError } from '../../../protocols/errors.ts'
import { name, peerId } from '../../../protocols/fields.ts'
import { table } from '../../../protocols/free-keys.ts'
import { writeAtomic } from '../../store/atomic.ts'
import { readPrivate } from '../../store/private.ts'

const bindings = table(name, peerId)

export class BoundNames {
  readonly #path: string
  readonly #bound: Map<string, string>
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(path: string, bound: Map<string, string>) {
    this.#path = path
    this.#bound = bound
  }

  /**
   * @throws {BakError} `bad-config` for a damaged file, or one that others may read: without it, whom a name means would be forgotten;
   * `not-allowed` for that of another user
   */
  static async open(path: string): Promise<BoundNames> {
    const text = await readPrivate(path)
    if (text == null) return new BoundNames(path, new Map())
    try {
      return new BoundNames(path, new Map(Object.entries(v.parse(bindings, JSON.parse(text)))))
    } catch (cause) {
      const why = `${path} is damaged: ${(cause as Error).message}; remove it to bind names anew`
      throw new BakError('bad-config', why, { cause })
    }
  }

  /** @returns the peer that a name is bound to */
  peerOf(named: string): string | undefined {
    return this.#bound.get(named)
  }

  /** Binds names, unless they are bound; it is on the disk when this resolves. */
  async bind(names: string[], peer: string): Promise<void> {
    const free = names.filter(each => !this.#bound.has(each))
    for (const each of free) this.#bound.set(each, peer)
    if (free.length > 0) this.#writing = this.#writing.catch(() => {}).then(() => this.#write())
    await this.#writing
  }

  #write(): Promise<void> {
    return writeAtomic(this.#path, `${JSON.stringify(Object.fromEntries(this.#bound), null, 2)}\n`, { mode: 0o600 })
  }
}
