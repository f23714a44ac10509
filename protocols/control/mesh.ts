/** Calls about this peer, the members of its mesh, and the tools that they have. */
import * as v from 'valibot'
import { toolsDescribed } from '../describe-tools.ts'
import { code, count, instant, list, name, peerId, runId, text } from '../fields.ts'
import { table } from '../free-keys.ts'
import { availability, record, registerRequest, registration } from '../hello.ts'
import { leftover } from '../leftovers.ts'
import { assignment } from '../manifest.ts'
import { role } from '../membership.ts'
import { missing } from '../shortfall.ts'
import { spec } from '../spec.ts'
import { sysinfoFile, sysinfoRequest } from '../sysinfo/live.ts'
import { groupTriggers } from '../trigger.ts'

/** A member as this peer sees it. */
export const memberView = v.object({
  ...v.omit(record, ['state', 'proof']).entries,
  /** What it may do in the mesh. */
  role,
  state: v.picklist(['alive', 'busy', 'draining', 'left', 'lost']),
  /** Unique name: with a part of the peer id where two peers have the same name. */
  shown: name,
  /** How this peer is connected with it; `cut-off` while this peer refuses its connections, because it sent too much. */
  path: v.picklist(['self', 'direct', 'relayed', 'indirect', 'none', 'cut-off']),
  /** When it entered its state. */
  since: instant
})
export type MemberView = v.InferOutput<typeof memberView>

/** A setting of the daemon as it is in force, and where it comes from: `flag`, a variable, file and line, `earlier start` or `default`. */
const settingInForce = v.object({ key: text, value: v.optional(v.unknown()), origin: text })
export type SettingInForce = v.InferOutput<typeof settingInForce>

const status = v.object({
  name,
  peer: peerId,
  mesh: peerId,
  /** Left out for a peer whose membership was revoked or has expired. */
  role: v.optional(role),
  /** When its proof of membership expires; left out for the founder. */
  expires: v.optional(instant),
  /** Why it is no longer a member, or soon will not be. */
  trouble: v.optional(text),
  home: text,
  program: text,
  pid: count,
  addresses: list(text, 64),
  started: instant,
  /** `enabled` while it drives or takes part in a run. */
  state: v.picklist(['standby', 'enabled', 'draining']),
  members: count,
  connections: count,
  driving: list(runId, 1024),
  taking: list(runId, 1024),
  /** Runs of which it has clients of tasks now; those of an element that goes on, by task. */
  loading: v.optional(list(v.object({ run: runId, element: count, clients: table(name, count) }), 1024)),
  /** Runs that are over and whose data was not collected from here yet. */
  keeps: list(leftover, 10_000),
  settings: list(settingInForce, 64),
  /** How programs of others are kept apart from this peer; left out by a daemon of an earlier version. */
  guards: v.optional(list(text, 8))
})
export type Status = v.InferOutput<typeof status>

const members = v.object({ members: list(memberView, 10_000) })

export const meshCalls = {
  status: { request: v.strictObject({}), response: status },
  /** Answers once; with `watch`, again at every change. */
  members: { request: v.strictObject({ on: v.optional(text), watch: v.optional(v.boolean()) }), response: members },
  /** Drops peers that are gone and will not come back, in the whole mesh; the names of those dropped. */
  forget: {
    request: v.strictObject({ peers: text }),
    response: v.object({ forgotten: list(v.object({ peer: peerId, name }), 10_000) })
  },
  /** Leaves the mesh in order and ends the daemon. */
  stop: { request: v.strictObject({ leave: v.optional(v.boolean()) }), response: v.object({ stopping: v.boolean() }) },
  /** Refuses new runs, or takes them again. */
  drain: { request: v.strictObject({ on: v.boolean() }), response: status },
  /** Ends here all runs of other peers, and every program that runs for them; what they have measured stays. */
  'stop-all': { request: v.strictObject({}), response: v.object({ runs: list(runId, 1024) }) },
  /** The owner's rules as they are in force; with `spec` and `as`, whether that run of that peer would be let in. */
  allow: {
    request: v.strictObject({ spec: v.optional(spec), as: v.optional(text) }),
    response: v.object({
      rules: list(settingInForce, 64),
      guards: list(text, 8),
      /** The peer that was named. */
      peer: v.optional(peerId),
      /** Why it would not be let in. */
      refused: v.optional(text)
    })
  },
  /** The selected members, with what each can observe. */
  tools: { request: v.strictObject({ on: v.optional(text) }), response: members },
  /** Asks each selected member which tools it has; one answer for each member, and for each that is not here. */
  'describe-tools': {
    request: v.strictObject({ on: v.optional(text), tool: v.optional(name) }),
    response: v.object({ name, peer: v.optional(peerId), ...toolsDescribed.entries, error: v.optional(text) })
  },
  /** Asks each selected member whether it can run these tools now; one answer for each member, and for each that is not here. */
  check: {
    request: v.strictObject({ on: v.optional(text), tools: list(assignment, 256) }),
    response: v.object({
      name,
      peer: v.optional(peerId),
      /** One for each tool, in their order; none for a member that did not answer. */
      tools: list(availability, 256),
      error: v.optional(text)
    })
  },
  /** Asks each selected member for items of a snapshot of its machine; one answer for each, and for each that is not here. */
  sysinfo: {
    request: v.strictObject({ on: v.optional(text), ...sysinfoRequest.entries }),
    response: v.object({
      name,
      peer: v.optional(peerId),
      files: list(sysinfoFile, 64),
      /** What could not be read or was cut off. */
      missing: list(missing, 64),
      error: v.optional(text)
    })
  },
  /** Registers tools with the selected members, or removes them; one answer for each member. */
  register: {
    request: v.strictObject({ on: text, ...registerRequest.entries }),
    response: v.object({
      peer: peerId,
      name,
      registered: list(registration, 128),
      tools: list(availability, 128),
      triggers: v.optional(groupTriggers),
      error: v.optional(text),
      code: v.optional(code)
    })
  }
} as const
