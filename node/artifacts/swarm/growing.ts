/** The place in the store where an artifact grows: as an earlier exchange left it, or with what other artifacts here have of it. */
import { constants, copyFile } from 'node:fs/promises'
import type { Artifact } from '../../../protocols/artifact.ts'
import type { ArtifactStore } from '../artifact-store.ts'
import { Body, fileIn } from '../body.ts'
import { readListing } from '../stored-artifact.ts'

/** Artifacts in which files of a new one are looked for. */
const MAX_SEARCHED = 64

/** Where an artifact grows, and how much of it is there. */
export interface Growing {
  folder: string
  body: Body
  has: number[]
}

/**
 * Opens the place of an artifact in the store. What an earlier exchange left is checked, and files that other artifacts here have are taken from
 * them.
 * @throws {BakError} `no-space`, `not-allowed` if it is larger than the owner allows
 */
export async function openGrowing(store: ArtifactStore, artifact: Artifact, signal: AbortSignal): Promise<Growing> {
  const isBegun = (await store.partOf(artifact.digest)) != null
  const folder = await store.part(artifact)
  const isCopied = isBegun ? false : await copyKnown(store, artifact, folder)
  const body = new Body(folder, artifact, { isWritten: true })
  try {
    const has = isBegun || isCopied ? await chunksIn(body, artifact, signal) : []
    signal.throwIfAborted()
    return { folder, body, has }
  } catch (cause) {
    await body.close()
    throw cause
  }
}

async function chunksIn(body: Body, { chunks }: Artifact, signal: AbortSignal): Promise<number[]> {
  const has: number[] = []
  for (let chunk = 0; chunk < chunks; chunk++) {
    signal.throwIfAborted()
    if (await body.has(chunk)) has.push(chunk)
  }
  return has
}

/** @returns whether some of its files were here */
async function copyKnown(store: ArtifactStore, { files, digest }: Artifact, folder: string): Promise<boolean> {
  const wanted = Map.groupBy(files.keys(), file => files[file]?.digest as string)
  let isCopied = false
  for (const { digest: other } of store.list().slice(0, MAX_SEARCHED)) {
    const from = store.folderOf(other)
    const known = other === digest ? undefined : await readListing(from, other).catch(() => undefined)
    for (const [at, { digest: content, bytes }] of known?.files.entries() ?? []) {
      if (bytes === 0) continue
      for (const file of wanted.get(content) ?? []) {
        // it may go at any time; what is copied is checked like all that comes
        isCopied = (await copy(fileIn(from, at), fileIn(folder, file))) || isCopied
      }
      wanted.delete(content)
    }
  }
  return isCopied
}

const copy = (from: string, to: string) =>
  copyFile(from, to, constants.COPYFILE_FICLONE).then(
    () => true,
    () => false
  )
