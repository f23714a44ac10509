/** Which tools a member is to run now: those of the offer that it can run, without what was detached, and what was attached that it can and may run. */
import { asBakError } from '../../../protocols/errors.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import { keyOfTool, toolsAfter } from '../../../protocols/tool-changes.ts'
import { findTool, lifetimeOf } from '../../tools/index.ts'
import type { Lifetime } from '../../tools/tool.ts'
import type { MemberState } from '../member-state.ts'
import type { PhaseParts } from '../phases/phase.ts'
import { checkAssignments } from '../tool-check.ts'

export interface DueTools {
  transient: Assignment[]
  persistent: Assignment[]
}

/** @returns the tools of the offer that this member said it can use when it joined, and still has, and those that were attached and can run */
export function dueTools(member: MemberState): DueTools {
  const mine = member.manifest?.roster.find(entry => entry.peer === member.self)
  const usable = member.tools.filter((_, i) => mine?.capabilities.tools[i]?.usable === true)
  const { kept, attached } = toolsAfter(usable, mine?.rank ?? 0, member.changes)
  const admitted = attached.filter(each => member.admitted.get(keyOfTool(each)) !== false)
  const due = Map.groupBy([...kept, ...admitted], lifetimeHere)
  return { transient: due.get('transient') ?? [], persistent: due.get('persistent') ?? [] }
}

/** One that was attached and is not known here does not run. */
function lifetimeHere({ tool, options }: Assignment): Lifetime {
  try {
    return lifetimeOf(findTool(tool, options), options)
  } catch {
    return 'transient'
  }
}

/**
 * The owner's rules are asked at each start, and whether it can run once.
 * @returns the tools that were attached and do not run here, with the reasons
 */
export async function admitAttached(member: MemberState, { owner }: Pick<PhaseParts, 'owner'>): Promise<Missing[]> {
  const rank = member.manifest?.roster.find(entry => entry.peer === member.self)?.rank ?? 0
  const missing: Missing[] = []
  for (const each of toolsAfter([], rank, member.changes).attached) {
    const why = await whyNot(member, each, owner)
    member.admitted.set(keyOfTool(each), why == null)
    if (why != null) missing.push({ kind: 'tool', what: each.tool, reason: `not attached: ${why}` })
  }
  return missing
}

async function whyNot(
  { controller, admitted }: MemberState,
  each: Assignment,
  owner: Pick<PhaseParts['owner'], 'check'>
): Promise<string | undefined> {
  try {
    await owner.check(controller, [each])
  } catch (cause) {
    return asBakError(cause).message
  }
  if (admitted.get(keyOfTool(each)) === true) return undefined
  const [found] = await checkAssignments([each])
  const { reason = 'not usable' } = found ?? {}
  if (found?.usable) return undefined
  // reasons begin with the name of their tool
  return reason.startsWith(`${each.tool}: `) ? reason.slice(each.tool.length + 2) : reason
}
