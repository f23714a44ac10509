/** What is staged on this machine, and how files of this machine, and of addresses, become artifacts. */
import { ArtifactStore, type ArtifactStoreInit } from './artifact-store.ts'
import { Imports } from './import-artifact.ts'
import { Sources } from './sources.ts'

export interface Artifacts {
  store: ArtifactStore
  imports: Imports
  sources: Sources
}

/** @param init.sources the folder of what is known of sources @throws {BakError} `cannot-create`, `io` */
export async function openArtifacts({ sources, ...init }: ArtifactStoreInit & { sources: string }): Promise<Artifacts> {
  const store = await ArtifactStore.open(init)
  const imports = new Imports(store)
  return { store, imports, sources: new Sources({ store, imports, folder: sources, self: init.self }) }
}
