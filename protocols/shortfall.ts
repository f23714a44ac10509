/** What a run was asked for and did not have: named live, in the verdict and in the record; `--strict` makes it a failure. */
import * as v from 'valibot'
import { cutText, list, text } from './fields.ts'
import { listInWords } from './list-in-words.ts'

/** A part of a member's machine that was asked for. */
const part = { what: text, reason: text }

/** What a member says in its acknowledgement that it could not do, without having failed the phase. */
export const missing = v.object({
  kind: v.picklist(['tool', 'sysinfo', 'workload', 'trigger']),
  ...part,
  /** What ends because of it, where that is the policy of a tool that has ended. */
  ends: v.optional(v.picklist(['member', 'run']))
})
export type Missing = v.InferOutput<typeof missing>

/** @returns the same with texts as long as they may be */
export const cutMissing = <T extends Missing | Shortfall>(missing: T): T => ({
  ...missing,
  what: cutText(missing.what),
  reason: cutText(missing.reason)
})

const MEASURED = ['tool', 'sysinfo', 'workload', 'trigger', 'collector'] as const
const SHORTFALLS = ['member', 'group', ...MEASURED, 'data', 'file', 'deviation'] as const

export const shortfall = v.object({
  kind: v.picklist(SHORTFALLS),
  /** The member on which it is missing; left out for a member that is missing itself, for a group and for a deviation. */
  member: v.optional(text),
  /**
   * A member, a group, a tool, a file of sysinfo, an instance of a workload, a collector, a metric that varied too much in an iteration, or by name a
   * tarball or a file that was refused when it arrived.
   */
  ...part
})
export type Shortfall = v.InferOutput<typeof shortfall>

export const shortfalls = v.optional(list(shortfall, 10_000), [])

/** Members of one line. */
const MAX_MEMBERS = 8

/** @returns them in words, in the order of the members, those that many members lack alike once: `tcpdump on a, b: not found on PATH` */
export function describeShortfalls(shortfalls: Shortfall[]): string[] {
  const alike = Map.groupBy(shortfalls, ({ kind, member, what, reason }) =>
    JSON.stringify([kind, member == null, what, reason])
  )
  return [...alike.values()].map(each => {
    const members = each.flatMap(({ member }) => member ?? []).sort((a, b) => a.localeCompare(b))
    const member = members.length === 0 ? undefined : listInWords(members, MAX_MEMBERS)
    return describeShortfall({ ...(each[0] as Shortfall), member })
  })
}

/** @returns one in words: `d: lost`, `tcpdump on b: not found on PATH` */
export const describeShortfall = ({ kind, member, what, reason }: Shortfall): string =>
  `${kind === 'group' ? 'group ' : ''}${what}${member == null ? '' : ` on ${member}`}: ${reason}`
