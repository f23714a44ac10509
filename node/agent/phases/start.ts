/** The phase `start`: transient tools start at the agreed instant. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError, BakError } from '../../../protocols/errors.ts'
import { toolFolder } from '../../../protocols/layout.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import type { Step } from '../../../protocols/phase.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import { now } from '../../now.ts'
import type { RunningTool, Tool, ToolContext } from '../../tools/tool.ts'
import { pause } from '../../wait.ts'
import { bundleOf } from '../bundles.ts'
import type { MemberState } from '../member-state.ts'
import { measureBefore } from './compare-clocks.ts'
import type { PhaseContext, PhaseHandler } from './phase.ts'
import { stopTools } from './stop.ts'
import { startsWith, stopGroups } from './windows.ts'

/** An agreed instant that is further ahead is a mistake: it is not waited for. */
const MAX_AHEAD_MS = 5_000
/** The end of the wait is slept through exactly: a timer is late by some milliseconds on a busy machine. */
const EXACT_SLEEP_MS = 10
/** The answer is sent no sooner after the instant: other members on this machine start their tools at it, too. */
const MIN_START_MS = 10

/** Starts the tools at the agreed instant, and answers when they produce. */
export const start: PhaseHandler = async context => {
  const { command, member, parts, signal } = context
  // the daemon may have been started anew with other rules, and links may lead elsewhere now
  await parts.allow(member)
  const usable = usableTools(member).filter(startsWith(command, member.offer.spec))
  const places = await Promise.all(usable.map(each => placeOf(context, command.step as Step, each)))
  if (command.at != null) {
    await measureBefore(command.at, context)
    await instant(command.at + member.clock.offset, signal)
  }
  const began = now() - member.clock.offset
  const [outcomes] = await Promise.all([
    Promise.allSettled(usable.map((each, i) => begin(context, each, places[i] as Place))),
    pause(MIN_START_MS, signal)
  ])
  const failures: Missing[] = outcomes.flatMap((outcome, i) =>
    outcome.status === 'rejected'
      ? [{ kind: 'tool', what: usable[i]?.tool as string, reason: asBakError(outcome.reason).message }]
      : []
  )
  if (failures.length > 0 && member.offer.spec.policy.on_failed_tool === 'exclude') {
    await undo(context)
    throw new BakError('tool-failed', failures.map(({ what, reason }) => `${what}: ${reason}`).join('; '))
  }
  if (signal.aborted) {
    await undo(context)
    throw asBakError(signal.reason)
  }
  member.interrupted = false
  if (command.groups == null) Object.assign(member, { usageAtStart: parts.usage(), toolTime: 0 })
  return { began, missing: failures, clock: member.clock }
}

/** What a `start` began that came to nothing. */
const undo = ({ command: { groups }, member }: PhaseContext) =>
  groups == null ? stopTools(member) : stopGroups(member, groups)

/** @returns the tools that this member said it can use when it joined */
function usableTools(member: MemberState): Assignment[] {
  const mine = member.manifest?.roster.find(entry => entry.peer === member.self)
  return member.tools.filter((_, i) => mine?.capabilities.tools[i]?.usable === true)
}

/** A tool, where it works, and where its program is if the run brings it. */
interface Place extends Pick<ToolContext, 'folder' | 'bundle'> {
  /** Read from the disk before the instant. */
  found: PromiseSettledResult<Tool>
}

async function placeOf({ member, parts }: PhaseContext, step: Step, assignment: Assignment): Promise<Place> {
  const { group, tool, options } = assignment
  const folder = join(member.data, toolFolder(step, group, member.name, tool))
  await mkdir(folder, { recursive: true })
  const lend = (path: string) => parts.owner.lend(path, member.controller)
  const bundle = await bundleOf(tool, member, { store: parts.swarms.store, lend })
  const [found] = await Promise.allSettled([parts.catalogue.find(tool, options)])
  return { folder, bundle, found }
}

async function begin(
  context: PhaseContext,
  { group, tool, options }: Assignment,
  { found, ...place }: Place
): Promise<void> {
  if (found.status === 'rejected') throw found.reason
  const { member, parts, signal, tell } = context
  member.programs ??= parts.owner.programsOf(member)
  const running: RunningTool = await found.value.start({
    ...place,
    interval: options.interval ?? member.offer.spec.interval,
    options,
    programs: member.programs,
    signal
  })
  const started = { group, tool, running }
  member.started.push(started)
  try {
    await running.ready
  } catch (cause) {
    // it is named for its failure to start, and not once more when it is stopped
    member.started = member.started.filter(each => each !== started)
    await running.stop()
    throw cause
  }
  running.failed?.then(reason => tell({ kind: 'tool', what: tool, reason }))
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
