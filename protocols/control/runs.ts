/** Calls that plan, start, follow and cancel runs. */
import * as v from 'valibot'
import { toolChange, toolChanged } from '../changed-tools.ts'
import { runEvent } from '../events.ts'
import { count, iterationName, list, name, peerId, runId, text } from '../fields.ts'
import { table } from '../free-keys.ts'
import { availability } from '../hello.ts'
import { jobRole, MAX_EDGES, MAX_JOBS } from '../jobs/job.ts'
import { assignment } from '../manifest.ts'
import { ORDERS } from '../matrix/sampling.ts'
import { shortfalls } from '../shortfall.ts'
import { spec } from '../spec.ts'
import { groupTrigger } from '../trigger.ts'
import { VERDICTS } from '../verdict.ts'
import { placement, workload } from '../workload.ts'

/** A run id, a part of one, `last`, or `last~1` for the run before that. */
export const runReference = v.pipe(v.string(), v.minLength(1), v.maxLength(64))

/** @returns how many runs began after the one that is meant: 0 of `last`, 2 of `last~2`; undefined of a part of an id */
export function runsBehind(reference: string): number | undefined {
  const [isIt, behind = '0'] = /^last(?:~(\d+))?$/.exec(reference) ?? []
  return isIt == null ? undefined : Number(behind)
}

const plan = v.object({
  members: list(
    v.object({
      peer: peerId,
      name,
      rank: count,
      /** It only drives the run. */
      driver: v.optional(v.boolean()),
      tools: list(assignment, 256),
      workloads: v.optional(list(placement, 64)),
      missing: list(availability, 256),
      /** Why it would not take part. */
      excluded: v.optional(text)
    }),
    10_000
  ),
  /** Seconds for which the run would wait for members that are not here now. */
  wait: v.optional(v.number()),
  shortfalls,
  /** How the run would end, as far as it can be known before. */
  verdict: v.picklist(VERDICTS),
  status: count,
  partial: v.boolean(),
  reason: v.optional(text),
  needed: count,
  phases: list(text, 1_000_000),
  /** Groups whose tools run while the output of the command says so. */
  triggers: v.optional(list(groupTrigger, 256)),
  /** The matrix: each iteration, with the samples that it has at least and at most. */
  iterations: list(
    v.object({
      number: count,
      name: iterationName,
      args: v.array(v.string()),
      params: table(v.string(), v.string()),
      warmup: count,
      samples: count,
      most: count
    }),
    1000
  ),
  order: v.picklist(ORDERS),
  seed: v.optional(count),
  /** Seconds: as earlier runs of the same name took on this peer, as the periods of tasks say, or as the timeout of the workload allows at most. */
  estimate: v.optional(
    v.variant('from', [
      v.object({ from: v.literal('runs'), seconds: v.number(), runs: count }),
      v.object({ from: v.literal('timeout'), seconds: v.number() }),
      /** As tasks say how long they last, and `most` as with `timeout`. */
      v.object({ from: v.literal('periods'), seconds: v.number(), most: v.optional(v.number()) })
    ])
  ),
  command: v.optional(v.union([text, v.array(v.string())])),
  /** Who gets clients of tasks, in this order, and worker threads that each can have. */
  loaders: v.optional(list(v.object({ host: name, cores: count }), 10_000)),
  /** Each job that there would be, and which members may run it as far as labels and processors tell; each that would not, and why. */
  jobs: v.optional(
    list(
      v.object({
        ...{ name, role: jobRole, needs: list(name, MAX_EDGES) },
        /** Those that are named, of so many. */
        ...{ on: list(text, 16), members: count },
        why: v.optional(text)
      }),
      MAX_JOBS
    )
  ),
  /** What runs on members, and on how many, how often in all. */
  workloads: v.optional(
    list(
      v.object({
        ...v.pick(workload, ['name', 'role', 'command']).entries,
        members: count,
        instances: count
      }),
      64
    )
  )
})
export type Plan = v.InferOutput<typeof plan>

/** The daemon has taken a run: `absent` are peers that it was asked for and that are not here. */
const begun = v.object({ run: runId, existed: v.boolean(), absent: list(text, 10_000) })
export type Begun = v.InferOutput<typeof begun>

/** Where a caller is, the variables of their shell, and a token of the pbench server to which the result is to go. */
const caller = {
  directory: text,
  env: table(v.string(), v.string()),
  token: v.optional(v.pipe(v.string(), v.maxLength(8192)))
} as const
export type Caller = v.InferOutput<v.ObjectSchema<typeof caller, undefined>>

const runRequest = v.strictObject({
  spec,
  ...caller,
  key: v.optional(text)
})
export type RunRequest = v.InferOutput<typeof runRequest>

/** Nothing is left to do: why, in words. */
const complete = v.object({ run: runId, complete: text })

export const runCalls = {
  /** What a run would do now; starts nothing. */
  plan: { request: v.strictObject({ spec, ...caller }), response: plan },
  /** Starts a run: answers its id, then its events until it ends or the caller closes the connection. */
  run: { request: runRequest, response: v.union([begun, runEvent]) },
  /** Starts a run that takes the samples that another lacks, in its folder and with these variables: answers as `run`, or that none is missing. */
  resume: {
    request: v.strictObject({ run: runReference, env: caller.env }),
    response: v.union([complete, begun, runEvent])
  },
  /** The events of a run from number `from` to its end. */
  attach: { request: v.strictObject({ run: runReference, from: v.optional(count) }), response: runEvent },
  /** Attaches a tool to a run that goes on, or detaches it, from its next sample on. */
  'change-tools': {
    request: v.strictObject({
      run: runReference,
      ...v.pick(toolChange, ['change', 'tool']).entries,
      ...v.partial(v.pick(toolChange, ['group', 'on', 'options'])).entries
    }),
    response: v.object({ run: runId, ...toolChanged.entries })
  },
  cancel: {
    request: v.strictObject({ run: runReference, reason: v.optional(text) }),
    response: v.object({
      run: runId,
      accepted: v.boolean(),
      /** Only the part of this peer has ended: the controller cannot be reached. */
      part: v.optional(v.literal(true))
    })
  }
} as const
