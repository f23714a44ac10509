/** The persistent tools of a member: started at `init`, taken up again or changed at each `start`, stopped at `end`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BakError } from '../../../protocols/errors.ts'
import { persistentFolder } from '../../../protocols/layout.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import { ENDS } from '../../../protocols/on-end.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import { isSameTool, keyOfTool } from '../../../protocols/tool-changes.ts'
import { namesIn } from '../../if-possible.ts'
import type { MemberState } from '../member-state.ts'
import type { PhaseContext } from '../phases/phase.ts'
import { beginTool, failedToStart, prepareTool } from './begin-tool.ts'
import { dueTools, onEndHere } from './due-tools.ts'
import { MAX_RESTARTS, type StoppedTool, stopTools, type ToolRun } from './tool-run.ts'

/** Why a tool of a daemon that was killed has no more data. */
export const INTERRUPTED = 'the daemon was restarted: its tools ended then'

/** @returns those that could not be started, which are not tried again */
export async function startPersistent(context: PhaseContext, assignments: Assignment[]): Promise<Missing[]> {
  const { member, signal } = context
  const outcomes = await Promise.allSettled(
    assignments.map(async each => {
      const tool = await prepareTool(context, each, { lifetime: 'persistent', ...placeOf(member, each) })
      await beginTool(member.persistent, tool, signal)
    })
  )
  return outcomes.flatMap((outcome, i) => {
    if (outcome.status === 'fulfilled') return []
    const each = assignments[i] as Assignment
    member.givenUp.add(keyOfTool(each))
    return [failedToStart(each, outcome.reason)]
  })
}

/** Why a member takes no part any more whose tools failed to start. */
export const failedTools = (missing: Missing[]): BakError =>
  new BakError('tool-failed', missing.map(({ what, reason }) => `${what}: ${reason}`).join('; '))

/** What is to happen to persistent tools at the next `start`. */
export interface PersistentChanges {
  begin: Assignment[]
  end: ToolRun[]
  /** What is named because of it. */
  missing: Missing[]
}

/**
 * Tools that were attached begin, those that were detached end, and those that a daemon took with it follow their policy.
 * @param sample in words @throws {BakError} `tool-failed` where that is that the member takes no part any more
 */
export function persistentChanges(member: MemberState, sample: string): PersistentChanges {
  const due = dueTools(member).persistent
  const end = member.persistent.filter(({ assignment }) => !due.some(each => isAlike(each, assignment)))
  for (const { assignment } of end) member.detached.add(keyOfTool(assignment))
  // one that could not be started and was detached may be attached again, with other options
  for (const key of member.givenUp) {
    if (due.some(each => keyOfTool(each) === key)) continue
    member.givenUp.delete(key)
    member.detached.add(key)
  }
  const gone = interruptedTools(member)
  const excluding = gone.find(each => onEndHere(member, each) === 'exclude')
  if (excluding != null) throw new BakError('tool-failed', `${excluding.tool}: ${INTERRUPTED}`)
  const again = gone.filter(each => isStartedAgain(member, each))
  for (const each of gone.filter(one => !again.includes(one))) member.givenUp.add(keyOfTool(each))
  const runs = (each: Assignment) => member.persistent.some(({ assignment }) => isAlike(assignment, each))
  const begin = due.filter(each => !runs(each) && !member.givenUp.has(keyOfTool(each)))
  for (const each of begin) member.detached.delete(keyOfTool(each))
  const missing = gone.map(each => {
    const restarted = `; it was started again in ${sample}`
    const named = interruptedTool(member, each)
    return again.includes(each) ? { ...named, reason: `${INTERRUPTED}${restarted}` } : named
  })
  return { begin, end, missing }
}

/** @returns persistent tools that this member ran before its daemon was killed, and that do not run now */
export function interruptedTools(member: MemberState): Assignment[] {
  return dueTools(member).persistent.filter(
    each =>
      !isRunning(member, each) &&
      !member.givenUp.has(keyOfTool(each)) &&
      !member.detached.has(keyOfTool(each)) &&
      existsSync(join(member.data, folderOf(member, each)))
  )
}

/** @returns how a tool is named that a daemon took with it */
export function interruptedTool(member: MemberState, each: Assignment): Missing {
  const ends = ENDS[onEndHere(member, each)]
  return { kind: 'tool', what: each.tool, reason: INTERRUPTED, ...(ends == null ? {} : { ends }) }
}

/** Those that were detached keep what they wrote. */
export async function endPersistent(member: MemberState, tools = member.persistent): Promise<StoppedTool> {
  const ending = [...tools]
  const stopped = await stopTools(ending)
  // the list stays the same one: tools that begin meanwhile are put into it, and taken out where they fail to start
  const left = member.persistent.filter(each => !ending.includes(each))
  member.persistent.splice(0, member.persistent.length, ...left)
  return stopped
}

/** A tool that was detached and attached again before the next `start` may have other options now. */
const isAlike = (one: Assignment, other: Assignment) =>
  isSameTool(one, other) && JSON.stringify(one.options) === JSON.stringify(other.options)

const isRunning = ({ persistent }: MemberState, each: Assignment) =>
  persistent.some(({ assignment }) => isSameTool(assignment, each))

const isStartedAgain = (member: MemberState, each: Assignment) =>
  onEndHere(member, each) === 'restart' && restartsOf(member, each) <= MAX_RESTARTS

const folderOf = ({ name }: MemberState, { group, tool }: Assignment) => persistentFolder(group, name, tool)

/** A tool that wrote there before goes on beside that. */
function placeOf(member: MemberState, each: Assignment) {
  return { folder: folderOf(member, each), restarts: restartsOf(member, each) }
}

/** @returns 0 where it was never started, else the number of the next restart */
function restartsOf(member: MemberState, each: Assignment): number {
  const names = namesIn(join(member.data, folderOf(member, each)))
  return names.length === 0 ? 0 : 1 + names.filter(name => /^restart\d+$/.test(name)).length
}
