/** The call `slots`: the slots of each selected member that is here, and which runs take them. */
import type { CallInput, CallResponse, HandlerOptions } from '../../../protocols/control.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { Parts } from '../../parts.ts'
import { parseSelector } from '../../run/selector.ts'
import { askAll, askEach, askRecords, peersHere } from './ask-records.ts'

/** @returns the slots of each peer that is here and says so, by peer id */
export async function slotsOf(parts: Parts, signal: AbortSignal): Promise<Map<string, number>> {
  const { told } = await askAll(parts, peersHere(parts), { type: 'slots' }, signal)
  return new Map(told.flatMap(({ peer, answers: [use] }) => (use == null ? [] : [[peer, use.max] as const])))
}

/** @returns by run, the slots of this peer that its jobs take now */
export async function slotsTakenHere(parts: Parts, signal: AbortSignal): Promise<Map<string, number>> {
  const [use] = await askRecords(parts, parts.identity.peer, { type: 'slots' }, signal)
  const taken = Map.groupBy(use?.runs ?? [], ({ run }) => run)
  return new Map([...taken].map(([run, all]) => [run, all.reduce((sum, each) => sum + each.taken, 0)]))
}

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
