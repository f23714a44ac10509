/** The call that deletes results but for those that are to stay, each only if it is elsewhere, too. */
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { describeProtocol } from '../../protocols/events.ts'
import { cutText } from '../../protocols/fields.ts'
import { askOne } from '../../protocols/stream.ts'
import { readKeep } from '../../protocols/where/keep.ts'
import type { Parts } from '../parts.ts'
import { archivedAt } from '../run/moving/archived.ts'
import { linesHere } from '../run/run-lines.ts'
import { forgetMoved, noteMoved, placeOf, type Whither } from '../store/moved.ts'

type Line = Awaited<ReturnType<typeof linesHere>>[number]

/** One answer for each result that is not to stay, the oldest first. A run that goes on stays. */
export async function* prune(
  parts: Parts,
  { keep, force = false, dryRun = false }: CallInput<'prune'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'prune'>> {
  const rules = keep.map(readKeep)
  const now = Date.now()
  const lines = (await linesHere(parts.coordinator)).filter(({ state }) => state === 'ended')
  const stays = new Set(rules.flatMap(each => each(lines, now)))
  for (const line of lines.filter(each => !stays.has(each))) {
    signal.throwIfAborted()
    const { run, name, created, bytes } = line
    try {
      const place = await remove(parts, line, { force, dryRun, signal })
      yield { run, name, created, bytes, isDeleted: true, ...(place && { at: placeOf(place) }) }
    } catch (cause) {
      if (signal.aborted) throw cause
      yield { run, name, created, bytes, isDeleted: false, reason: cutText(asBakError(cause).message) }
    }
  }
}

/** @returns where it is now; nothing for one that was nowhere else. @throws {BakError} why it stays */
async function remove(
  parts: Parts,
  line: Line,
  { force, dryRun, signal }: { force: boolean; dryRun: boolean; signal: AbortSignal }
): Promise<Whither | undefined> {
  const { coordinator, home } = parts
  const { run } = line
  const find = async () => {
    const found = archivedAt(run, {
      home,
      folder: coordinator.folder(run),
      describe: peer => describe(parts, peer, run, signal)
    })
    return force ? found.catch(() => undefined) : found
  }
  if (dryRun) return find()
  let place: Whither | undefined
  try {
    await coordinator.remove(run, async () => {
      place = await find()
      const { folder: _, resumedBy: __, ...shown } = line
      if (place != null) await noteMoved(home, run, { ...place, at: Date.now(), line: shown })
    })
    return place
  } catch (cause) {
    // it is still here
    if (place != null) await forgetMoved(home, run)
    throw cause
  }
}

function describe({ members, streams }: Parts, peer: string, run: string, signal: AbortSignal) {
  const member = members.get(peer)
  if (!members.isHere(peer)) throw new BakError('unreachable', `${member?.shown ?? peer} cannot be reached`)
  return askOne(streams.to(peer), describeProtocol, { run }, { signal })
}
