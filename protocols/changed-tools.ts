/** A tool that was attached to a run while it went on, or detached from it, from its next sample on: asked of its controller, kept in its record. */
import * as v from 'valibot'
import { instant, list, name, runId, text } from './fields.ts'
import { assignment } from './manifest.ts'
import { step } from './phase.ts'
import { argument, selector } from './spec-fields.ts'
import type { Protocol } from './stream.ts'

/** Changes in one run that its record names. */
export const MAX_CHANGES = 1_000

const change = v.picklist(['attach', 'detach'])
const { group, tool, options } = assignment.entries

/** Where a change does not hold that was asked for there, and why. */
const refusals = list(v.object({ member: name, reason: text }), 10_000)

export const changedTool = v.object({
  change,
  group,
  tool,
  /** Of a tool that was attached. */
  options: v.optional(options),
  /** The peer that asked for it. */
  by: text,
  members: list(name, 10_000),
  refused: refusals
})
export type ChangedTool = v.InferOutput<typeof changedTool>

export const changedTools = v.optional(
  list(
    v.object({
      ...changedTool.entries,
      at: instant,
      /** The first sample in which it held; left out where none followed. */
      since: v.optional(step)
    }),
    MAX_CHANGES
  )
)

/** What a person asks for. */
export const toolChange = v.object({
  change,
  tool,
  group,
  on: selector,
  /** Words for a tool that is attached. */
  options: list(argument, 256)
})
export type ToolChange = v.InferOutput<typeof toolChange>

/** Members that the change holds for, and those for which it does not. */
export const toolChanged = v.object({ members: list(name, 10_000), refused: refusals })
export type ToolChanged = v.InferOutput<typeof toolChanged>

/** Asked of the controller of a run by a peer that may drive runs. */
export const changeToolsProtocol: Protocol<{ run: string } & ToolChange, ToolChanged> = {
  id: '/bak/change-tools/1.0.0',
  request: v.object({ run: runId, ...toolChange.entries }),
  response: toolChanged,
  // it asks the members that are meant
  timeout: 20_000,
  maxFrame: 1024 * 1024
}

const words = { attach: ['attached', 'to'], detach: ['detached', 'from'] } as const

/** @returns in one line, for whoever follows a run */
export function describeChange({ change, tool, group, members, refused, by }: ChangedTool): string {
  const [done, where] = words[change]
  const of = group === 'default' ? '' : ` of group ${group}`
  const not = refused.map(({ member, reason }) => `${member}: ${reason}`).join('; ')
  return `${tool}${of} ${done} ${where} ${members.join(', ')} by ${by}, from the next sample on${not === '' ? '' : `; not ${not}`}`
}
