/**
 * Inputs of jobs that are fetched from an address: each has a declared SHA-256, by which it is an artifact here once it has come, and is not
 * fetched again as long as the store keeps it. Which artifact has the bytes of which SHA-256 is kept in a file, which can be deleted at any time.
 */
import { chmod, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { BakError } from '../../protocols/errors.ts'
import { count, digest, list } from '../../protocols/fields.ts'
import type { WaitOptions } from '../../protocols/stream.ts'
import { Limit } from '../limit.ts'
import { removeTemporaries, temporaryIn, writeAtomic } from '../store/atomic.ts'
import { makeFolder, onDisk } from '../store/disk.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { type DownloadLimits, download, shownAddress } from './download.ts'
import type { Imports } from './import-artifact.ts'

/** Sources that are remembered: those that were fetched longest ago are forgotten. */
const MAX_SOURCES = 4_096
/** Fetched at once. */
const AT_ONCE = 4
const LIMITS: Omit<DownloadLimits, 'largest'> = { silence: 60_000, whole: 3_600_000 }
/** So that the artifact of some bytes is the same whoever fetched them. */
const MODE = 0o644

const kept = list(v.object({ sha256: digest, artifact: digest, bytes: count }), MAX_SOURCES)
type Kept = v.InferOutput<typeof kept>[number]

export interface Source {
  url: string
  sha256: string
}

/** A source as an artifact that is here. */
export interface FetchedSource {
  digest: string
  bytes: number
}

export interface SourcesInit {
  store: ArtifactStore
  imports: Imports
  /** Of its own. */
  folder: string
  /** This peer. */
  self: string
  limits?: Partial<DownloadLimits>
}

export interface FetchSourceOptions extends WaitOptions {
  /** Bytes of how many, as far as the server says it. */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined
}

export class Sources {
  readonly #init: SourcesInit
  readonly #limit = new Limit({ total: AT_ONCE, perKey: 1 })
  /** By SHA-256, the one that was fetched longest ago first; undefined until it is read. */
  #known: Promise<Map<string, Kept>> | undefined

  constructor(init: SourcesInit) {
    this.#init = init
  }

  /** @returns the source, if it is here */
  async find(sha256: string): Promise<FetchedSource | undefined> {
    const { store } = this.#init
    const known = (await this.#read()).get(sha256)
    if (known == null || store.get(known.artifact) == null || store.damaged.has(known.artifact)) return undefined
    return { digest: known.artifact, bytes: known.bytes }
  }

  /**
   * @returns the source, which is here from now on as long as the store has room for it, or somebody needs it
   * @throws {BakError} as `download` does; `mismatch` with both digests if the address has another content
   */
  async fetch(source: Source, { signal = new AbortController().signal, onProgress }: FetchSourceOptions = {}) {
    // who comes second finds what the first has fetched
    return await this.#limit.run(
      source.sha256,
      async () => (await this.find(source.sha256)) ?? (await this.#fetch(source, signal, onProgress)),
      { signal }
    )
  }

  async #fetch(
    { url, sha256 }: Source,
    signal: AbortSignal,
    onProgress: FetchSourceOptions['onProgress']
  ): Promise<FetchedSource> {
    const { store, imports, folder, self, limits } = this.#init
    const path = temporaryIn(folder)
    try {
      const most = { largest: store.limits.largest, ...LIMITS, ...limits }
      const got = await download(url, path, { limits: most, signal, onProgress })
      if (got.sha256 !== sha256) {
        throw new BakError(
          'mismatch',
          `${shownAddress(url)} has a content of the SHA-256 ${got.sha256}, and ${sha256} is declared`
        )
      }
      await onDisk(path, () => chmod(path, MODE))
      const { digest, bytes } = await imports.take(path, { by: self, path: shownAddress(url), signal })
      await this.#keep({ sha256, artifact: digest, bytes })
      return { digest, bytes }
    } finally {
      await rm(path, { force: true })
    }
  }

  /** A source that is not remembered is fetched again. */
  async #keep(source: Kept): Promise<void> {
    const known = await this.#read()
    known.delete(source.sha256)
    known.set(source.sha256, source)
    for (const [oldest] of known) {
      if (known.size <= MAX_SOURCES) break
      known.delete(oldest)
    }
    await writeAtomic(this.#file, JSON.stringify([...known.values()]), { mode: 0o600 })
  }

  get #file(): string {
    return join(this.#init.folder, 'known.json')
  }

  /** @throws {BakError} `cannot-create`, `io` */
  #read(): Promise<Map<string, Kept>> {
    this.#known ??= this.#open()
    return this.#known
  }

  async #open(): Promise<Map<string, Kept>> {
    const { folder } = this.#init
    await onDisk(folder, async () => {
      await makeFolder(folder, 0o700)
      await removeTemporaries(folder)
    })
    return new Map((await readKept(this.#file)).map(each => [each.sha256, each]))
  }
}

/** @returns nothing for a file that is not there, or damaged */
async function readKept(path: string): Promise<Kept[]> {
  try {
    return v.parse(kept, JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return []
  }
}
