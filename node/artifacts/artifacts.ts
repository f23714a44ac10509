/** What is staged on this machine, and how files of this machine become artifacts. */
import { ArtifactStore, type ArtifactStoreInit } from './artifact-store.ts'
import { Imports } from './import-artifact.ts'

export interface Artifacts {
  store: ArtifactStore
  imports: Imports
}

/** @throws {BakError} `cannot-create`, `io` */
export async function openArtifacts(init: ArtifactStoreInit): Promise<Artifacts> {
  const store = await ArtifactStore.open(init)
  return { store, imports: new Imports(store) }
}
