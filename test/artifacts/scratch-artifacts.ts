/** Stores of artifacts in folders that are gone when the process ends. */
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type ArtifactLimits, ArtifactStore } from '../../node/artifacts/artifact-store.ts'
import { type Artifacts, openArtifacts } from '../../node/artifacts/artifacts.ts'
import { artifactDefaults } from '../../protocols/config-file.ts'
import { controller } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

interface Given {
  folder?: string
  limits?: Partial<ArtifactLimits>
  self?: string
}

const initOf = ({ folder = join(scratch(), 'artifacts'), limits = {}, self = controller.peer }: Given) => ({
  ...{ folder, self },
  limits: { ...artifactDefaults, ...limits }
})

export const scratchArtifacts = (given: Given = {}): Promise<Artifacts> => {
  const init = initOf(given)
  return openArtifacts({ ...init, sources: `${init.folder}-sources` })
}
export const scratchStore = (given: Given = {}): Promise<ArtifactStore> => ArtifactStore.open(initOf(given))

/** Bytes that repeat nowhere, the same for the same seed. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** @returns the files with this text in their path that this process has open */
export function openFiles(text: string): string[] {
  const paths = readdirSync('/proc/self/fd').map(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // the one with which they are listed
      return ''
    }
  })
  return paths.filter(path => path.includes(text))
}
