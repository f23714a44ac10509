/** The phase `init`: persistent tools start. */
import { asBakError } from '../../../protocols/errors.ts'
import { keyOfTool } from '../../../protocols/tool-changes.ts'
import { dueTools } from '../running-tools/due-tools.ts'
import { failedTools, startPersistent } from '../running-tools/persistent-tools.ts'
import type { PhaseHandler } from './phase.ts'
import { stopAll } from './stop.ts'

/** Persistent tools start here, and answer when they produce; the transient ones wait for `start`. */
export const init: PhaseHandler = async context => {
  const { member, parts, signal } = context
  const { persistent } = dueTools(member)
  // links may lead elsewhere since the run was let in
  if (persistent.length > 0) await parts.allow(member)
  // before they run: they are no other load
  const told = await member.machine.tell(parts)
  const missing = await startPersistent(context, persistent)
  const isDecisive = missing.length > 0 && member.offer.spec.policy.on_failed_tool === 'exclude'
  if (isDecisive || signal.aborted) {
    await stopAll(member)
    // they were stopped here: no daemon took them with it
    for (const each of persistent) member.givenUp.add(keyOfTool(each))
    throw isDecisive ? failedTools(missing) : asBakError(signal.reason)
  }
  await member.save()
  return { ...told, missing }
}
