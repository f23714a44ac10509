/** The call that gives a result tags beside its seal. */
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { MAX_TAGS, type Tags } from '../../protocols/tags.ts'
import { InTurn } from '../in-turn.ts'
import type { Parts } from '../parts.ts'
import { noteMoved, placeOf, whereMoved } from '../store/moved.ts'
import { RunFolder } from '../store/run-folder.ts'
import { hasResult } from '../store/stored-results.ts'
import { locateRun, resolveRun } from './find-run.ts'

/** What is read is written before the next one reads it. */
const turn = new InTurn()

/** Of a result here, or in the folder that it was moved to; while its run goes on, too, as the seal leaves out what it writes. */
export async function* tag(
  parts: Parts,
  { run: text, set, remove }: CallInput<'tag'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'tag'>> {
  const run = await resolveRun(parts, text)
  const { coordinator, home } = parts
  const change = (folder: RunFolder) => turn.run(() => changeTags(folder, set, remove))
  const isOnlyRead = Object.keys(set).length + remove.length === 0
  if (hasResult(home, run)) {
    const folder = coordinator.folder(run)
    const isFree = isOnlyRead || coordinator.driver(run) != null
    const use = 'gets other tags just now: once more'
    const changed = isFree ? change(folder) : coordinator.inUse.during(run, use, () => change(folder))
    return yield { run, ...(await changed) }
  }
  const moved = await whereMoved(home, run)
  const inFolder = moved != null && 'folder' in moved ? new RunFolder(moved.folder) : undefined
  if (moved == null || inFolder?.hasRecord() !== true) throw await elsewhere(parts, run, signal)
  const { sealed, later } = await change(inFolder)
  const line = moved.line && { ...moved.line, tags: { ...later, ...sealed } }
  if (!isOnlyRead) await noteMoved(home, run, { ...moved, ...(line && { line }) })
  yield { run, sealed, later }
}

/** @throws {BakError} `not-allowed` for a tag that is sealed, `usage` for one that is not there */
async function changeTags(folder: RunFolder, set: Tags, remove: string[]): Promise<{ sealed: Tags; later: Tags }> {
  const { run, spec } = await folder.readRecord()
  const sealed = spec.tags
  const before = (await folder.laterTags()) ?? {}
  for (const key of [...Object.keys(set), ...remove])
    if (Object.hasOwn(sealed, key))
      throw new BakError('not-allowed', `${key}=${sealed[key]} was given with run ${run}, and is sealed with it`)
  for (const key of remove)
    if (!Object.hasOwn(before, key)) throw new BakError('usage', `run ${run} has no tag ${key}: bak tag ${run}`)
  const kept = Object.entries(before).filter(([key]) => !remove.includes(key))
  const later = Object.fromEntries([...kept, ...Object.entries(set)])
  if (Object.keys(later).length > MAX_TAGS)
    throw new BakError('usage', `a run has ${MAX_TAGS} tags beside its seal at most`)
  if (Object.keys(set).length + remove.length > 0) await folder.writeTags(later)
  return { sealed, later }
}

async function elsewhere(parts: Parts, run: string, signal: AbortSignal): Promise<BakError> {
  const moved = await whereMoved(parts.home, run)
  if (moved != null && !('peer' in moved))
    return new BakError(
      'no-such-run',
      `the result of ${run} was moved to ${placeOf(moved)}, where it gets no tags from here`
    )
  const { peer } = await locateRun(parts, run, signal)
  const holder = parts.members.get(peer)?.shown ?? peer
  return new BakError('no-such-run', `the result of ${run} is on ${holder}: run bak tag there`)
}
