/** The call that brings a result elsewhere. */
import type { CallInput, CallResponse, HandlerOptions } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import { Queue } from '../../protocols/queue.ts'
import { checkOwnPermission } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { resolveDestination } from '../run/moving/resolve-destination.ts'
import { placeOf } from '../store/moved.ts'
import { resolveRun } from './find-run.ts'
import { isHere } from './mesh.ts'

export async function* move(
  parts: Parts,
  { run: text, to, keep = false, token }: CallInput<'move'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'move'>> {
  const { members, identity, authority, mover } = parts
  const run = await resolveRun(parts, text)
  const target = resolveDestination(to, { members: members.list().filter(isHere), self: identity.peer })
  if (target.kind === 'here')
    throw new BakError('usage', `the result is in an archive already: ${target.name}, which is this peer`)
  // what stays on this machine, or leaves the mesh, is the affair of its owner
  if (target.kind === 'peer') checkOwnPermission(authority, identity.peer, 'move')
  const progress = new Queue<CallResponse<'move'>>(64)
  const note = target.kind === 'peer' ? target.note : undefined
  const shown = target.kind === 'peer' ? target.name : target.kind === 'folder' ? target.path : target.base
  let size = 0
  const onProgress = (done: number, total: number, step?: string) => {
    if (step == null) size = total
    // a caller that reads slowly misses some
    progress.offer({ run, to: shown, note, done, total, ...(step && { step }), finished: false })
  }
  const moving = mover
    .move(run, target, { keep, token, signal, onProgress })
    .then(place => progress.put({ run, to: placeOf(place), note, done: size, total: size, finished: true }))
    .then(
      () => progress.end(),
      error => progress.fail(error)
    )
  for (let next = await progress.take(); next !== undefined; next = await progress.take()) yield next
  await moving
}
