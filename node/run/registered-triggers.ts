/** The triggers that are registered for the groups of a run become part of its spec, so that its members know them. Pure. */
import type { MemberView } from '../../protocols/control.ts'
import { BakError } from '../../protocols/errors.ts'
import type { Spec } from '../../protocols/spec.ts'
import { inWords } from '../../protocols/toml-file.ts'
import { describeTrigger, type Trigger } from '../../protocols/trigger.ts'
import { wrongWithTrigger } from '../../protocols/trigger-conflicts.ts'
import { triggerOf } from '../../protocols/triggered.ts'
import { registeredGroups } from './roster.ts'

type Member = Pick<MemberView, 'shown' | 'state' | 'triggers'>

/** @throws {BakError} `usage` for a group with different triggers on different peers, and for a spec that goes with none */
export function withTriggers(spec: Spec, members: Member[]): Spec {
  const found = registeredGroups(spec).flatMap(group => {
    const trigger = triggerOf(spec, group) ?? registeredFor(group, members)
    return trigger == null || triggerOf(spec, group) != null ? [] : [[group, trigger] as const]
  })
  if (found.length === 0) return spec
  const triggers = { ...spec.triggers, ...Object.fromEntries(found) }
  const wrong = wrongWithTrigger({ ...spec, triggers })
  if (wrong.length > 0) {
    const groups = found.map(([group]) => group).join(', ')
    throw new BakError(
      'usage',
      `${wrong.map(inWords).join('\n')}\na trigger is registered for ${groups}: bak tools trigger`
    )
  }
  return { ...spec, triggers }
}

function registeredFor(group: string, members: Member[]): Trigger | undefined {
  const known = members.filter(({ state }) => state !== 'left')
  const all = known.flatMap(({ shown, triggers = [] }) =>
    triggers.filter(each => each.group === group).map(({ start, stop }) => ({ shown, trigger: { start, stop } }))
  )
  const [first] = all
  const other = all.find(({ trigger }) => trigger.start !== first?.trigger.start || trigger.stop !== first.trigger.stop)
  if (first == null || other == null) return first?.trigger
  const both = [first, other].map(({ shown, trigger }) => `${shown} has ${describeTrigger(trigger)}`).join(', ')
  throw new BakError(
    'usage',
    `group ${group} has different triggers: ${both}; bak tools trigger --group ${group} sets one on all`
  )
}
