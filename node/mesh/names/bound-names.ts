/**
 * Whom the names in `allow.controllers` and `allow.archive` mean. Peers choose their names, so a name is bound to the first peer that it lets
 * in: another one that takes it later, while the first is away, is not let in. Both lists share the bindings: one name is one peer here.
 */
import * as v from 'valibot'
import { name, peerId } from '../../../protocols/fields.ts'
import { table } from '../../../protocols/free-keys.ts'
import { readPrivateJson, writePrivateJson } from '../../store/private.ts'

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
    const bound = await readPrivateJson(path, value => v.parse(bindings, value), '; remove it to bind names anew')
    return new BoundNames(path, new Map(Object.entries(bound ?? {})))
  }

  /** @returns the peer that a name is bound to */
  peerOf(named: string): string | undefined {
    return this.#bound.get(named)
  }

  /** Binds names, unless they are bound. @throws {BakError} if that cannot be stored: they are not bound then */
  async bind(names: string[], peer: string): Promise<void> {
    const free = names.filter(each => !this.#bound.has(each))
    if (free.length === 0) return
    for (const each of free) this.#bound.set(each, peer)
    // one after the other: an older list must not take the place of a newer one
    const writing = this.#writing.then(() => writePrivateJson(this.#path, Object.fromEntries(this.#bound)))
    this.#writing = writing.catch(() => {})
    await writing.catch(cause => {
      for (const each of free) this.#bound.delete(each)
      throw cause
    })
  }
}
