/** Which tools a member is to run now: those of the offer that it can run, without what was detached, and what was attached that it can and may run. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { asBakError } from '../../../protocols/errors.ts'
import type { Availability } from '../../../protocols/hello.ts'
import { persistentFolder } from '../../../protocols/layout.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import { type Lifetime, type OnEnd, onEndOf } from '../../../protocols/on-end.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import { isSameTool, keyOfTool, toolsAfter } from '../../../protocols/tool-changes.ts'
import { reasonOfTool } from '../../../protocols/tool-reason.ts'
import type { MemberState } from '../member-state.ts'
import type { PhaseParts } from '../phases/phase.ts'
import { checkAssignments } from '../tool-check.ts'

export interface DueTools {
  transient: Assignment[]
  persistent: Assignment[]
}

/** @returns the tools of the offer that this member said it can use when it joined, and still has, and those that were attached and can run */
export function dueTools(member: MemberState): DueTools {
  // a large roster is looked through once
  const { tools, changes, admitted } = member
  const entry = entryOf(member)
  const capabilities = entry?.capabilities.tools ?? []
  const known = new Map(tools.map((each, i) => [keyOfTool(each), capabilities[i]]))
  const usable = tools.filter(each => known.get(keyOfTool(each))?.usable === true)
  const { kept, attached } = toolsAfter(usable, entry?.rank ?? 0, changes)
  const may = attached.filter(each => admitted.get(keyOfTool(each))?.usable !== false)
  const lifetimeOf = (each: Assignment): Lifetime => {
    const found = admitted.get(keyOfTool(each)) ?? known.get(keyOfTool(each))
    // of what was attached before the daemon was killed its folder tells
    const before = () => existsSync(join(member.data, persistentFolder(each.group, member.name, each.tool)))
    return each.options.lifetime ?? (found == null && before() ? 'persistent' : (found?.lifetime ?? 'transient'))
  }
  const due = Map.groupBy([...kept, ...may], lifetimeOf)
  return { transient: due.get('transient') ?? [], persistent: due.get('persistent') ?? [] }
}

/** @returns what happens on this member if the tool ends before it is stopped */
export function onEndHere(member: MemberState, each: Assignment): OnEnd {
  const at = member.tools.findIndex(one => isSameTool(one, each))
  const known = member.admitted.get(keyOfTool(each)) ?? entryOf(member)?.capabilities.tools[at]
  return onEndOf(each.options, member.offer.spec.policy, known)
}

const entryOf = ({ roster, self }: MemberState) => roster.find(entry => entry.peer === self)

/**
 * The owner's rules are asked at each start, and whether it can run once.
 * @returns the tools that were attached and do not run here, with the reasons
 */
export async function admitAttached(
  member: MemberState,
  parts: Pick<PhaseParts, 'owner' | 'catalogue'>
): Promise<Missing[]> {
  const { attached } = toolsAfter([], entryOf(member)?.rank ?? 0, member.changes)
  // one that was taken away and comes back is checked anew
  for (const key of member.admitted.keys()) {
    if (!attached.some(each => keyOfTool(each) === key)) member.admitted.delete(key)
  }
  const missing: Missing[] = []
  for (const each of attached) {
    const found = await admit(member, each, parts)
    member.admitted.set(keyOfTool(each), found)
    if (found.usable) continue
    missing.push({ kind: 'tool', what: each.tool, reason: `not attached: ${reasonOfTool(found) ?? 'not usable'}` })
  }
  return missing
}

async function admit(
  { controller, admitted }: MemberState,
  each: Assignment,
  { owner, catalogue }: Pick<PhaseParts, 'owner' | 'catalogue'>
): Promise<Availability> {
  const { tool } = each
  try {
    await owner.check(controller, [each])
  } catch (cause) {
    return { tool, usable: false, reason: asBakError(cause).message }
  }
  const known = admitted.get(keyOfTool(each))
  const [found = { tool, usable: false }] = known?.usable ? [known] : await checkAssignments([each], catalogue)
  return found
}
