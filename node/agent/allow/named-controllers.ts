/**
 * Whom the names in `allow.controllers` mean. Peers choose their names, so a name is bound to the first controller that it lets in: another
 * one that takes it later, while the first is away, is not let in.
 */
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { BakError } from '../../../protocols/errors.ts'
import { name, peerId } from '../../../protocols/fields.ts'
import { table } from '../../../protocols/free-keys.ts'
import { writeAtomic } from '../../store/atomic.ts'

const bindings = table(name, peerId)

export class NamedControllers {
  readonly #path: string
  readonly #bound: Map<string, string>
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(path: string, bound: Map<string, string>) {
    this.#path = path
    this.#bound = bound
  }

  /** @throws {BakError} `bad-config` for a damaged file: without it, whom a name means would be forgotten */
  static open(path: string): NamedControllers {
    try {
      return new NamedControllers(
        path,
        new Map(Object.entries(v.parse(bindings, JSON.parse(readFileSync(path, 'utf8')))))
      )
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new NamedControllers(path, new Map())
      throw new BakError(
        'bad-config',
        `${path} is damaged: ${(cause as Error).message}; remove it to bind names anew`,
        { cause }
      )
    }
  }

  /** @returns the peer that a name is bound to */
  peerOf(named: string): string | undefined {
    return this.#bound.get(named)
  }

  /** Binds a name, unless it is bound. @throws {BakError} if that cannot be stored: it is not bound then */
  async bind(named: string, peer: string): Promise<void> {
    if (this.#bound.has(named)) return
    this.#bound.set(named, peer)
    // one after the other: an older list must not take the place of a newer one
    const writing = this.#writing.then(() => this.#write())
    this.#writing = writing.catch(() => {})
    await writing.catch(cause => {
      this.#bound.delete(named)
      throw cause
    })
  }

  #write(): Promise<void> {
    return writeAtomic(this.#path, `${JSON.stringify(Object.fromEntries(this.#bound), null, 2)}\n`, { mode: 0o600 })
  }
}
