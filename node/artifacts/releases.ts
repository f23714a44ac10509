/**
 * Releases: artifacts that a person keeps under a name on this peer, whatever becomes of the run that made them. A name means one artifact, and an
 * artifact may have several names.
 */
import { BakError } from '../../protocols/errors.ts'
import type { Stored } from './stored-artifact.ts'

/** Names of one artifact. */
export const MAX_RELEASES = 16

/** What is stored, and how that is changed: one change after the other. */
interface Storage {
  stored: ReadonlyMap<string, Stored>
  inTurn<T>(work: () => Promise<T>): Promise<T>
  write(stored: Stored): Promise<void>
}

export class Releases {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** @returns what has the name */
  get(name: string): Stored | undefined {
    return [...this.#storage.stored.values()].find(({ releases }) => releases?.includes(name))
  }

  /**
   * Keeps an artifact that is here under a name, until that is given up.
   * @returns the digest of the other that had the name
   * @throws {BakError} `unknown-digest`; `busy` for a name that another has, unless it is to be replaced; `usage` for too many names
   */
  add(digest: string, name: string, { replace = false } = {}): Promise<{ former?: string }> {
    return this.#storage.inTurn(async () => {
      const stored = this.#storage.stored.get(digest)
      if (stored == null) throw new BakError('unknown-digest', `${digest} is not on this peer`)
      const former = this.get(name)
      if (former?.digest === digest) return {}
      if (former != null && !replace) throw taken(name, former)
      const releases = [...(stored.releases ?? []), name]
      if (releases.length > MAX_RELEASES) {
        throw new BakError('usage', `${digest.slice(0, 12)} has ${MAX_RELEASES} releases: bak artifact rm NAME`)
      }
      await this.#storage.write({ ...stored, releases })
      if (former == null) return {}
      await this.#storage.write(without(name, former))
      return { former: former.digest }
    })
  }

  /** Gives up a name: what had it may go when something else needs the room. @throws {BakError} `unknown-digest` */
  drop(name: string): Promise<Stored> {
    return this.#storage.inTurn(async () => {
      const stored = this.get(name)
      if (stored == null) throw new BakError('unknown-digest', `${name} is not a release on this peer: bak artifact ls`)
      const left = without(name, stored)
      await this.#storage.write(left)
      return left
    })
  }
}

const taken = (name: string, { digest }: Stored) =>
  new BakError(
    'busy',
    `${name} is the release of ${digest.slice(0, 12)} already: choose another name, or replace it with --replace`
  )

function without(name: string, stored: Stored): Stored {
  const releases = stored.releases?.filter(each => each !== name) ?? []
  return { ...stored, releases: releases.length > 0 ? releases : undefined }
}

/** @throws {BakError} `busy` for what is kept under a name */
export function checkUnreleased({ digest, releases: [name] = [] }: Stored): void {
  if (name == null) return
  throw new BakError('busy', `${digest.slice(0, 12)} is the release ${name} here: bak artifact rm ${name}`)
}
