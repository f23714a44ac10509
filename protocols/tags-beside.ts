/** The tags beside the seal of a result, in its folder. */
import { join } from 'node:path'
import { TAGS_FILE } from './layout.ts'
import { readPlain } from './plain-file.ts'
import { readTags, type Tags } from './tags.ts'

/** Largest `tags.json` that is read: longer ones were not written here. */
const MAX_BYTES = 1024 * 1024

/** @param folder of the result. @returns undefined where there are none that can be read */
export async function tagsBeside(folder: string): Promise<Tags | undefined> {
  const content = await readPlain(join(folder, TAGS_FILE), MAX_BYTES).catch(() => undefined)
  return content == null ? undefined : readTags(content.toString())
}
