/** Whether all of a result that is here is elsewhere, too: looked at there, now, where that can be done. */
import { BakError } from '../../../protocols/errors.ts'
import type { Description } from '../../../protocols/events.ts'
import { readRecord } from '../../../protocols/record.ts'
import { type Copy, contentDigest, contentOf, copiesOf } from '../../store/copied.ts'
import type { Home } from '../../store/home.ts'
import { placeOf, type Whither } from '../../store/moved.ts'
import { RunFolder } from '../../store/run-folder.ts'
import { checkResult } from '../../store/stored-results.ts'
import { checkWhole } from './check-whole.ts'

interface ArchivedOptions {
  home: Home
  folder: RunFolder
  /** What another peer has of the run. @throws where it cannot be asked */
  describe(peer: string): Promise<Description>
}

/** @returns where it is. @throws {BakError} `not-ready` with why no copy is known to have all of it */
export async function archivedAt(run: string, { home, folder, describe }: ArchivedOptions): Promise<Whither> {
  const copies = await copiesOf(home, run)
  if (copies.length === 0) throw new BakError('not-ready', 'it is nowhere else: bak copy, or bak move')
  const content = await contentOf(folder)
  const why: string[] = []
  for (const copy of copies) {
    const reason = await whyNot(copy, content, { folder, describe })
    if (reason == null) return placeIn(copy)
    why.push(`${placeOf(copy)} ${reason}`)
  }
  throw new BakError('not-ready', why.join('; '))
}

/** @returns why a copy is not all that is here */
async function whyNot(
  copy: Copy,
  content: string,
  { folder, describe }: Pick<ArchivedOptions, 'folder' | 'describe'>
): Promise<string | undefined> {
  if (copy.content !== content) return 'has it from before data or tags came here: copy it again'
  try {
    if (!('peer' in copy)) checkWhole(await folder.readRecord())
    const there =
      'peer' in copy
        ? contentIn(await describe(copy.peer))
        : 'folder' in copy
          ? await verifiedIn(copy.folder, folder)
          : // a server has no call for it: it took the tarball by its digest
            content
    return there === content ? undefined : 'has it no more, or other than it is here'
  } catch (cause) {
    return `cannot stand for it now: ${(cause as Error).message}`
  }
}

/** @throws {BakError} `damaged`, `not-ready` for the result itself under another name: a link may have taken the place of its copy */
async function verifiedIn(path: string, here: RunFolder): Promise<string> {
  if (here.isAt(path)) throw new BakError('not-ready', 'it is the result itself, under another name')
  await checkResult(path)
  return contentOf(new RunFolder(path))
}

const contentIn = ({ record, tags }: Description) =>
  record == null ? undefined : contentDigest(readRecord(record), tags)

const placeIn = (copy: Copy): Whither =>
  'peer' in copy
    ? { peer: copy.peer, name: copy.name }
    : 'folder' in copy
      ? { folder: copy.folder }
      : { server: copy.server }
