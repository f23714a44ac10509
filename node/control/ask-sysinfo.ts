/** The control call `sysinfo`: asks each selected member for items of a snapshot of its machine. */
import type { CallInput, CallResponse, HandlerOptions, MemberView } from '../../protocols/control.ts'
import { asBakError, BakError } from '../../protocols/errors.ts'
import { cutText } from '../../protocols/fields.ts'
import { ask } from '../../protocols/stream.ts'
import { itemOf } from '../../protocols/sysinfo/items.ts'
import { sysinfoProtocol } from '../../protocols/sysinfo/live.ts'
import { eachLimited } from '../limit.ts'
import { checkOwnPermission } from '../mesh/permissions.ts'
import type { Parts } from '../parts.ts'
import { attendanceOf, whyAbsent } from '../run/attendance.ts'

/** Peers that are asked at the same time. */
const CONCURRENCY = 32

type Answer = CallResponse<'sysinfo'>

/** Gives out each answer when it is there; also says which peers were asked for and are not here. */
export async function* sysinfo(
  parts: Parts,
  { on = 'all', ...asked }: CallInput<'sysinfo'>,
  { signal }: HandlerOptions
): AsyncGenerator<Answer> {
  const { here, absent } = attendanceOf(on, parts.members.list())
  checkOwnPermission(parts.authority, parts.identity.peer, 'sysinfo')
  for (const answer of eachLimited(here, CONCURRENCY, each => askOnePeer(parts, each, asked, signal)))
    yield await answer
  for (const each of absent) yield { name: each.name, files: [], missing: [], error: whyAbsent(each) }
}

/** Never rejects. */
async function askOnePeer(
  { streams }: Pick<Parts, 'streams'>,
  { peer, shown: name }: MemberView,
  asked: Omit<CallInput<'sysinfo'>, 'on'>,
  signal: AbortSignal
): Promise<Answer> {
  const answer: Answer = { name, peer, files: [], missing: [] }
  try {
    const names = new Set(asked.items.map(each => itemOf(each).file))
    for await (const each of ask(streams.to(peer), sysinfoProtocol, asked, { signal })) {
      // each file once, and what is missing: a member could go on for ever
      const isAsked = each.type === 'missing' ? answer.missing.length === 0 : names.delete(each.file)
      if (!isAsked) throw new BakError('bad-message', `${name} answers what was not asked for`)
      if (each.type === 'missing') answer.missing.push(...each.missing)
      else answer.files.push({ file: each.file, text: each.text })
    }
    return answer
  } catch (cause) {
    return { ...answer, error: cutText(asBakError(cause).message) }
  }
}
