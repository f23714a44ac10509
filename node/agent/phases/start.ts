/** The phase `start`: transient tools start at the agreed instant. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError } from '../../../protocols/errors.ts'
import { stepFolder, toolFolder } from '../../../protocols/layout.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import type { Step } from '../../../protocols/phase.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import { isSameTool } from '../../../protocols/tool-changes.ts'
import { now } from '../../now.ts'
import { processorTimesOf } from '../../processes/process-group.ts'
import { actsBeforeStart, findTool } from '../../tools/index.ts'
import { pause } from '../../wait.ts'
import { type Around, doBefore } from '../gauging.ts'
import type { MemberState } from '../member-state.ts'
import { beginTool, failedToStart, prepareTool } from '../running-tools/begin-tool.ts'
import { admitAttached, dueTools } from '../running-tools/due-tools.ts'
import { endPersistent, failedTools, persistentChanges, startPersistent } from '../running-tools/persistent-tools.ts'
import { groupsOf } from '../usage.ts'
import { measureBefore } from './compare-clocks.ts'
import type { PhaseContext, PhaseHandler } from './phase.ts'
import { stopSample } from './stop.ts'
import { startsWith, stopGroups } from './windows.ts'

/** An agreed instant that is further ahead is a mistake: it is not waited for. */
const MAX_AHEAD_MS = 5_000
/** The end of the wait is slept through exactly: a timer is late by some milliseconds on a busy machine. */
const EXACT_SLEEP_MS = 10
/** The answer is sent no sooner after the instant: other members on this machine start their tools at it, too. */
const MIN_START_MS = 10

/** Starts the tools at the agreed instant, and answers when they produce. Persistent tools that came, went or were lost are seen to, too. */
export const start: PhaseHandler = async context => {
  const { command, member, parts, signal } = context
  const step = command.step as Step
  // the daemon may have been started anew with other rules, and links may lead elsewhere now
  await parts.allow(member)
  member.changes = command.tools
  const refused = await admitAttached(member, parts)
  const changes = persistentChanges(member, stepFolder(step))
  const { transient } = dueTools(member)
  const due = transient.filter(startsWith(command, member.offer.spec))
  const tools = await Promise.all(
    due.map(each => {
      const folder = toolFolder(step, each.group, member.name, each.tool)
      return prepareTool(context, each, { lifetime: 'transient', folder })
    })
  )
  const isWindow = command.groups != null
  if (!isWindow) member.around = await aroundOf(context, transient)
  const [{ gauge, warnings }] = await Promise.all([
    // while the command goes on nothing may disturb it
    isWindow ? { gauge: undefined, warnings: [] } : doBefore(member, command.at, parts.gauges),
    command.at == null ? undefined : measureBefore(command.at, context)
  ])
  if (command.at != null) await instant(command.at + member.clock.offset, signal)
  const began = now() - member.clock.offset
  const [outcomes, lacking, ended] = await Promise.all([
    Promise.allSettled(tools.map(each => beginTool(member.started, each, signal))),
    startPersistent(context, changes.begin),
    endPersistent(member, changes.end),
    pause(MIN_START_MS, signal)
  ])
  const failures = outcomes.flatMap((outcome, i) =>
    outcome.status === 'rejected' ? [failureOf(due[i] as Assignment, outcome.reason)] : []
  )
  const decisive = failures.filter(each => !isAttached(member, each))
  if (decisive.length > 0 && member.offer.spec.policy.on_failed_tool === 'exclude') {
    await undo(context)
    throw failedTools(decisive.map(({ missing }) => missing))
  }
  if (signal.aborted) {
    await undo(context)
    throw asBakError(signal.reason)
  }
  if (!isWindow) {
    member.interrupted = false
    member.usageAtStart = { ...parts.usage(), persistent: processorTimesOf(groupsOf(member.persistent)) }
    member.toolTime = 0
  }
  const missing = [...refused, ...changes.missing, ...lacking, ...failures.map(each => each.missing), ...ended.missing]
  return { began, missing, warnings: [...warnings, ...ended.warnings], gauge, clock: member.clock }
}

/** What a `start` began that came to nothing. */
const undo = ({ command: { groups }, member }: PhaseContext) =>
  groups == null ? stopSample(member) : stopGroups(member, groups)

interface Failure {
  assignment: Assignment
  missing: Missing
}

const failureOf = (assignment: Assignment, cause: unknown): Failure => ({
  assignment,
  missing: failedToStart(assignment, cause)
})

/** A tool that was attached to the run may fail without its member. */
const isAttached = ({ changes }: MemberState, { assignment }: Failure) =>
  changes?.attached.some(each => isSameTool(each, assignment)) ?? false

/** @returns the tools that do something before the instant and after the sample */
function aroundOf({ command, member, parts, signal }: PhaseContext, due: Assignment[]): Promise<Around[]> {
  const acting = due.filter(({ tool, options }) => actsBeforeStart(tool, options))
  return Promise.all(
    acting.map(async ({ group, tool, options }) => {
      member.programs ??= parts.owner.programsOf(member)
      const folder = join(member.data, toolFolder(command.step as Step, group, member.name, tool))
      // one of a group with a trigger starts later
      await mkdir(folder, { recursive: true })
      const { interval } = member.offer.spec
      return {
        tool: findTool(tool, options),
        context: { folder, interval, options, signal, programs: member.programs }
      }
    })
  )
}

const never = new Int32Array(new SharedArrayBuffer(4))

/**
 * Waits until the local clock shows `at`: coarsely by a timer, which may be some milliseconds late; the last of them asleep,
 * as the kernel wakes up to the tenth part of one. To look at the clock meanwhile would keep a core from the workload.
 */
async function instant(at: number, signal: AbortSignal): Promise<void> {
  // no controller looks further ahead: a clock was set since they were compared, and could not be compared again
  if (at - now() > MAX_AHEAD_MS) return
  if (at - now() > EXACT_SLEEP_MS) await pause(at - now() - EXACT_SLEEP_MS, signal)
  const left = at - now()
  if (left > 0 && !signal.aborted) Atomics.wait(never, 0, 0, left)
}
