/** The phase `init`: persistent tools start. */
import type { PhaseHandler } from './phase.ts'

/** Persistent tools start here; the transient ones wait for `start`. */
export const init: PhaseHandler = async ({ member, parts }) => {
  const [told] = await Promise.all([member.machine.tell(parts), member.save()])
  return told
}
