/** What a run was asked for and did not have: named live, in the verdict and in the record; `--strict` makes it a failure. */
import * as v from 'valibot'
import { cutText, list, text } from './fields.ts'

/** A part of a member's machine that was asked for. */
const part = { what: text, reason: text }

/** What a member says in its acknowledgement that it could not do, without having failed the phase. */
export const missing = v.object({ kind: v.picklist(['tool', 'sysinfo']), ...part })
export type Missing = v.InferOutput<typeof missing>

/** @returns the same with texts as long as they may be */
export const cutMissing = <T extends Missing | Shortfall>(missing: T): T => ({
  ...missing,
  what: cutText(missing.what),
  reason: cutText(missing.reason)
})

export const shortfall = v.object({
  kind: v.picklist(['member', 'group', 'tool', 'sysinfo', 'data']),
  /** The member on which it is missing; left out for a member that is missing itself, and for a group. */
  member: v.optional(text),
  /** A member, a group, a tool, a file of sysinfo, or a tarball that was refused, by name. */
  ...part
})
export type Shortfall = v.InferOutput<typeof shortfall>

export const shortfalls = v.optional(list(shortfall, 10_000), [])

/** @returns one in words: `d: lost`, `tcpdump on b: not found on PATH` */
export const describeShortfall = ({ kind, member, what, reason }: Shortfall): string =>
  `${kind === 'group' ? 'group ' : ''}${what}${member == null ? '' : ` on ${member}`}: ${reason}`
