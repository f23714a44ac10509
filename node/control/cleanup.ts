/** Calls that delete results and what is left of runs, and that list what is left anywhere in the mesh. */
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { leftoversProtocol } from '../../protocols/leftovers.ts'
import { askOne } from '../../protocols/stream.ts'
import type { Parts } from '../parts.ts'
import { forgetMoved, placeOf, whereMoved } from '../store/moved.ts'
import { hasResult } from '../store/stored-results.ts'
import { resolveRun, tooShort } from './find-run.ts'
import { isHere } from './mesh.ts'

/** Deletes a result that is here; of one that was moved from here, where it is. */
export async function* rm(parts: Parts, { run: text }: CallInput<'rm'>): AsyncGenerator<CallResponse<'rm'>> {
  const run = await resolveRun(parts, text)
  const moved = hasResult(parts.home, run) ? undefined : await whereMoved(parts.home, run)
  if (moved == null) {
    await parts.coordinator.remove(run)
    return yield { run }
  }
  await forgetMoved(parts.home, run)
  yield { run, at: placeOf(moved) }
}

/** Deletes what is left here of runs that are over. */
export async function* gc(
  parts: Parts,
  { run: text, olderThanMs, dryRun }: CallInput<'gc'>
): AsyncGenerator<CallResponse<'gc'>> {
  const known = (await parts.garbage.list()).map(({ run }) => run)
  const fitting = text == null ? [] : [...new Set(known)].filter(run => run.includes(text))
  if (text != null && fitting.length > 1) throw tooShort(text, fitting)
  if (text != null && fitting.length === 0) throw new BakError('no-such-run', `nothing is left here of a run "${text}"`)
  yield { deleted: await parts.garbage.collect({ run: fitting[0], olderThanMs, dryRun }) }
}

/** What each member still has of runs that are over; one answer for each member. */
export async function* leftovers(
  { members, streams, identity, garbage }: Parts,
  _: CallInput<'leftovers'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'leftovers'>> {
  for (const { peer, shown: name } of members.list().filter(isHere)) {
    try {
      const leftovers =
        peer === identity.peer
          ? await garbage.list()
          : (await askOne(streams.to(peer), leftoversProtocol, {}, { signal })).leftovers
      yield { peer, name, leftovers }
    } catch (cause) {
      if (signal.aborted) throw cause
      yield { peer, name, leftovers: [], error: asBakError(cause).message }
    }
  }
}
