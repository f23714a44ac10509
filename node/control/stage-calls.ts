/** Calls about what is staged on the members. */
import { resolve } from 'node:path'
import type { CallInput, CallResponse, HandlerOptions, MemberView } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { Queue } from '../../protocols/queue.ts'
import { type StageRequest, stageProtocol } from '../../protocols/stage.ts'
import { ask, askOne } from '../../protocols/stream.ts'
import { Limit } from '../limit.ts'
import { checkOwnPermission } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { type Absent, attendanceOf, whyAbsent } from '../run/attendance.ts'

/** Members that are asked at the same time. */
const CONCURRENCY = 64

let calls = 0

/** Has the selected members store a file or folder of this machine. */
export async function* stage(
  parts: Parts,
  { path, directory, on, as, pin = false }: CallInput<'stage'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'stage'>> {
  const { artifacts, identity } = parts
  const { here, absent } = selected(parts, on)
  const { digest, bytes, entries } = await artifacts.imports.take(resolve(directory, path), {
    by: identity.peer,
    signal
  })
  const owner = `stage ${++calls}`
  artifacts.store.needs.add(owner, [digest])
  try {
    yield { state: 'taken', digest, bytes, entries }
    for (const each of absent) yield { state: 'failed', ...notHere(each) }
    const from = [identity.peer, ...here.map(({ peer }) => peer)]
    const request: StageRequest = { type: 'fetch', digest, bytes, path: cutText(path), name: as, pinned: pin, from }
    yield* ofEach(here, signal, async ({ peer, shown: name }, answer) => {
      for await (const said of ask(parts.streams.to(peer), stageProtocol, request, { signal })) {
        const about = { peer, name }
        if (said.type === 'progress') await answer({ state: 'fetching', ...about, done: said.done, total: said.total })
        if (said.type === 'done') await answer({ state: 'here', ...about, bytes: said.bytes, source: said.source })
      }
    })
  } finally {
    artifacts.store.needs.release(owner)
  }
}

/** What is stored on each selected member. */
export async function* staged(
  parts: Parts,
  { on = 'all' }: CallInput<'staged'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'staged'>> {
  const { here, absent } = selected(parts, on)
  const nameOf = (peer: string) => parts.members.get(peer)?.shown
  for (const each of absent) yield { artifacts: [], ...notHere(each) }
  for (const { peer, shown: name } of here) {
    try {
      const said = await askOne(parts.streams.to(peer), stageProtocol, { type: 'list' }, { signal })
      const artifacts = 'artifacts' in said ? said.artifacts : []
      yield { peer, name, artifacts: artifacts.map(each => ({ ...each, byName: nameOf(each.by) })) }
    } catch (cause) {
      yield { artifacts: [], ...failureOf(peer, name, cause) }
    }
  }
}

/** Removes something that is stored on the selected members. */
export async function* unstage(
  parts: Parts,
  { what, on = 'all' }: CallInput<'unstage'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'unstage'>> {
  const { here, absent } = selected(parts, on)
  for (const each of absent) yield { state: 'failed', ...notHere(each) }
  for (const { peer, shown: name } of here) {
    try {
      const said = await askOne(parts.streams.to(peer), stageProtocol, { type: 'remove', what }, { signal })
      if (said.type === 'removed') yield { state: 'removed', peer, name, digest: said.digest, as: said.name }
    } catch (cause) {
      if (asBakError(cause).code === 'unknown-digest') yield { state: 'absent', peer, name }
      else yield { state: 'failed', ...failureOf(peer, name, cause) }
    }
  }
}

/** @throws {BakError} `usage` for a selector that means nothing, `no-such-peer` if it selects nobody, `not-allowed` */
function selected({ members, authority, identity }: Parts, on: string): { here: MemberView[]; absent: Absent[] } {
  const { here, absent } = attendanceOf(on, members.list())
  const named = absent.filter(each => each.named)
  if (here.length + named.length === 0) throw new BakError('no-such-peer', `no member fits "${on}"`)
  if (here.some(({ peer }) => peer !== identity.peer)) checkOwnPermission(authority, identity.peer, 'stage')
  return { here, absent: named }
}

const notHere = (each: Absent) => ({
  name: each.name,
  code: each.state === 'unknown' ? ('no-such-peer' as const) : ('unreachable' as const),
  error: whyAbsent(each)
})

function failureOf(peer: string, name: string, cause: unknown) {
  const { code, message } = asBakError(cause)
  return { peer, name, code, error: cutText(message) }
}

type Answer = CallResponse<'stage'>

/** Asks many members at once. @returns their answers as they come; one that fails keeps no other back */
async function* ofEach(
  members: MemberView[],
  signal: AbortSignal,
  work: (member: MemberView, answer: (said: Answer) => Promise<void>) => Promise<void>
): AsyncGenerator<Answer> {
  const answers = new Queue<Answer>()
  const limit = new Limit({ total: CONCURRENCY })
  const all = members.map(member =>
    limit.run(member.peer, async () => {
      await work(member, said => answers.put(said)).catch(cause =>
        answers.put({ state: 'failed', ...failureOf(member.peer, member.shown, cause) })
      )
    })
  )
  void Promise.allSettled(all).then(() => answers.end())
  try {
    for (let next = await answers.take(); next !== undefined; next = await answers.take()) yield next
  } finally {
    answers.end()
  }
  signal.throwIfAborted()
}
