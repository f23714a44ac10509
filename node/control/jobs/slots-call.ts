/** The call `slots`: the slots of each selected member that is here, and which runs take them. */
import type { CallInput, CallResponse, HandlerOptions } from '../../../protocols/control.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Parts } from '../../parts.ts'
import { parseSelector } from '../../run/selector.ts'
import { askEach, peersHere } from './ask-records.ts'

/** One answer for each, as they come. */
export async function* slots(
  parts: Parts,
  { on = 'all' }: CallInput<'slots'>,
  { signal }: HandlerOptions
): AsyncGenerator<CallResponse<'slots'>> {
  const members = peersHere(parts).filter(parseSelector(on))
  if (members.length === 0) throw new BakError('no-such-peer', `no member fits "${on}"`)
  for await (const { member, answers, error } of askEach(parts, members, { type: 'slots' }, signal)) {
    const [{ type: _, ...use } = { type: 'slots' }] = answers
    yield { ...member, ...use, ...error }
  }
}
