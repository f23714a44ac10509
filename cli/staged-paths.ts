/** Paths that are staged, from a run file or from flags, as they mean the same anywhere. */
import { anchored } from '../protocols/staged.ts'

/** @param folder of the run file, or of the caller */
export function anchoredIn<T extends { stage?: string[] | undefined }>(from: T, folder: string): T {
  return from.stage == null ? from : { ...from, stage: from.stage.map(path => anchored(path, folder)) }
}
