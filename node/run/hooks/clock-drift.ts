/**
 * The members' clocks beside the controller's: who is off by more than a second when the run begins, how fast each ran until the end,
 * and which was set in between.
 */
import type { Signed } from '../../../protocols/envelope.ts'
import { listInWords } from '../../../protocols/list-in-words.ts'
import type { RosterEntry } from '../../../protocols/manifest.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { driftOf } from '../../clock/clock.ts'
import { clockSteps } from '../../now.ts'
import type { RunHook } from './hook.ts'

/** A clock that is off by more than this is not kept by NTP, and one that gained as much during a run was set, ms. */
const MAX_OFF_MS = 1_000
/** Members that a warning names. */
const MAX_NAMED = 5

export const clockDrift: RunHook = {
  name: 'clock-drift',
  after({ phase }, run, answers) {
    const { record, events, began } = run
    if (phase === 'join') {
      const text = warningOf(answers.map(({ by, value }) => [run.nameOf(by) ?? by, value.capabilities?.clock.offset]))
      if (text != null) events.store({ type: 'warning', text })
    }
    if (phase === 'end') record.clocks = clocksOf(record.roster, answers, clockSteps(began))
  }
}

/** @returns a warning of the clocks that are off by more than a second; undefined if none is */
export function warningOf(members: Array<[name: string, offset?: number]>): string | undefined {
  const off = members.filter(([, offset = 0]) => Math.abs(offset) > MAX_OFF_MS)
  if (off.length === 0) return undefined
  const named = off.map(([name, offset = 0]) => `${name} ${signed(offset / 1000)} s`)
  return `clocks are not the controller's: ${listInWords(named, MAX_NAMED)}; files of tools bear the time of their machine: set the clocks`
}

const signed = (seconds: number) => `${seconds < 0 ? '' : '+'}${seconds.toFixed(1)}`

type Told = NonNullable<RunRecord['clocks']>[number]

/** @param steps of the controller's own clock in between: all others seem to move then */
export function clocksOf(
  roster: RosterEntry[],
  acks: Signed<Ack>[],
  steps: Array<{ by: number }> = []
): NonNullable<RunRecord['clocks']> {
  const ends = new Map(acks.map(({ by, value }) => [by, value.clock]))
  const own = steps.reduce((sum, { by }) => sum + by, 0)
  return roster.flatMap<Told>(({ peer, name, capabilities: { clock: begin } }) => {
    const end = ends.get(peer)
    if (end?.at == null) return []
    const steady = { ...end, offset: end.offset + own, at: end.at - own }
    const gained = steady.offset - begin.offset
    if (Math.abs(gained) > MAX_OFF_MS) return [{ peer, name, begin, end, set: gained }]
    const found = driftOf(begin, steady)
    return found == null ? [] : [{ peer, name, begin, end, ...found }]
  })
}
