/** Makes a tool of this member ready to start, and starts it: its folder, its bundle, and what starts its programs. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asBakError } from '../../../protocols/errors.ts'
import type { Assignment } from '../../../protocols/manifest.ts'
import type { Lifetime } from '../../../protocols/on-end.ts'
import type { Missing } from '../../../protocols/shortfall.ts'
import { reasonOfTool } from '../../../protocols/tool-reason.ts'
import { triggerOf } from '../../../protocols/triggered.ts'
import type { Programs } from '../../processes/programs.ts'
import { bundleOf } from '../bundles.ts'
import type { MemberState } from '../member-state.ts'
import type { PhaseContext, PhaseParts } from '../phases/phase.ts'
import { onEndHere } from './due-tools.ts'
import { ToolRun } from './tool-run.ts'

interface Place {
  lifetime: Lifetime
  /** Where it writes, relative to the data of the member. */
  folder: string
  /** How often it was started before. */
  restarts?: number
}

/** What takes time is done before it is to start; a tool for which that fails is one that fails to start. @throws {BakError} `no-space` */
export async function prepareTool(context: PhaseContext, assignment: Assignment, place: Place): Promise<ToolRun> {
  const { member, parts, tell, leave } = context
  const { tool, options } = assignment
  const { spec } = member.offer
  const { lifetime, ...where } = place
  await mkdir(join(member.data, place.folder), { recursive: true })
  const lend = (path: string) => parts.owner.lend(path, member.controller)
  const [bundle, found] = await Promise.allSettled([
    bundleOf(assignment, member, { store: parts.swarms.store, lend }),
    // read from the disk
    parts.catalogue.find(tool, options)
  ])
  return new ToolRun({
    ...{ assignment, ...where, tell, leave },
    onEnd: onEndHere(member, assignment),
    async spawn(below, signal) {
      if (bundle.status === 'rejected') throw bundle.reason
      if (found.status === 'rejected') throw found.reason
      const folder = join(member.data, below)
      if (below !== place.folder) await mkdir(folder, { recursive: true })
      const interval = options.interval ?? spec.interval
      const programs = programsFor(member, lifetime, parts)
      const inWindow = lifetime === 'transient' && triggerOf(spec, assignment.group) != null
      const running = await found.value.start({
        ...{ folder, bundle: bundle.value, interval, options, programs, signal, inWindow }
      })
      member.toolsBegan.set(below, running.began)
      return running
    }
  })
}

/** @param running those of its lifetime: it is among them unless it fails to start @throws {BakError} why it cannot start */
export async function beginTool(running: ToolRun[], tool: ToolRun, signal: AbortSignal): Promise<void> {
  running.push(tool)
  try {
    await tool.start(signal)
  } catch (cause) {
    const at = running.indexOf(tool)
    if (at >= 0) running.splice(at, 1)
    throw cause
  }
}

/** @returns what is missing where a tool could not start */
export function failedToStart({ tool }: Assignment, cause: unknown): Missing {
  const { message: reason } = asBakError(cause)
  return { kind: 'tool', what: tool, reason: reasonOfTool({ tool, reason }) ?? reason }
}

/** Programs of persistent tools outlive those of a sample. */
function programsFor(member: MemberState, lifetime: Lifetime, { owner }: Pick<PhaseParts, 'owner'>): Programs {
  if (lifetime === 'persistent') {
    member.persistentPrograms ??= owner.programsOf(member, 'persistent')
    return member.persistentPrograms
  }
  member.programs ??= owner.programsOf(member)
  return member.programs
}
