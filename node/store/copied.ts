/** Where copies of a result were brought that is still here: `<run>.copies` beside its folder. */
import * as v from 'valibot'
import { digestOf } from '../../protocols/digest.ts'
import { digest, instant, list } from '../../protocols/fields.ts'
import type { RunRecord } from '../../protocols/record.ts'
import type { Tags } from '../../protocols/tags.ts'
import { writeAtomic } from './atomic.ts'
import type { Home } from './home.ts'
import { forgetNote, placeOf, readNote, whither } from './moved.ts'
import type { RunFolder } from './run-folder.ts'

/** Copies of one result that are known; of more the latest. */
const MAX_COPIES = 16

const copy = v.intersect([whither, v.object({ at: instant, content: digest })])
export type Copy = v.InferOutput<typeof copy>
const copies = list(copy, MAX_COPIES)

const pathOf = (home: Home, run: string) => `${home.runs(run)}.copies`

/** @returns what two copies have in common that have the same data and tags; who holds them, and reports made of them, are not in it */
export function contentDigest(
  { files = {}, others = {} }: Pick<RunRecord, 'files' | 'others'>,
  later: Tags = {}
): string {
  const sorted = (table: Record<string, unknown>) => Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1))
  const bytes = Object.entries(files).map(([path, { sha256 }]) => [path, sha256] as const)
  return digestOf(Buffer.from(JSON.stringify([sorted(Object.fromEntries(bytes)), sorted(others), sorted(later)])))
}

export const contentOf = async (folder: RunFolder): Promise<string> =>
  contentDigest(await folder.readRecord(), await folder.laterTags())

/** Takes the place of what was known of a copy there. */
export async function noteCopy(home: Home, run: string, made: Copy): Promise<void> {
  const others = (await copiesOf(home, run)).filter(each => placeOf(each) !== placeOf(made))
  await writeAtomic(pathOf(home, run), JSON.stringify([made, ...others].slice(0, MAX_COPIES)))
}

/** @returns the latest first */
export const copiesOf = async (home: Home, run: string): Promise<Copy[]> =>
  (await readNote(pathOf(home, run), copies)) ?? []

export const forgetCopies = (home: Home, run: string): Promise<void> => forgetNote(pathOf(home, run))
