/** Calls about the results of runs. */
import * as v from 'valibot'
import { besides } from '../beside.ts'
import { destination } from '../destination.ts'
import { count, digest, instant, list, MAX_PEERS, milliseconds, name, peerId, phase, runId, text } from '../fields.ts'
import { jobCounts } from '../jobs/job-state.ts'
import { leftover } from '../leftovers.ts'
import { exclusion } from '../manifest.ts'
import { outputPortion } from '../output.ts'
import { MAX_TAGS, tags } from '../tags.ts'
import { VERDICTS } from '../verdict.ts'
import { MAX_EXPRESSION } from '../where/words.ts'
import { runReference } from './runs.ts'

/** A peer, a path or an address. */
const place = v.pipe(v.string(), v.maxLength(4096))

/** Runs that one answer can hold. */
export const MAX_LINES = 100_000

/** One line of `bak ls` and `bak ps`. */
export const runLine = v.object({
  run: runId,
  name,
  state: v.picklist(['waiting', 'running', 'ended']),
  phase: v.optional(phase),
  verdict: v.optional(v.picklist(VERDICTS)),
  partial: v.boolean(),
  excluded: list(exclusion, 10_000),
  /** Runs on members of this one at the same time. */
  beside: besides,
  controller: v.object({ peer: peerId, name }),
  created: v.optional(instant),
  begun: instant,
  took: v.optional(milliseconds),
  members: v.optional(count),
  bytes: v.optional(count),
  /** Of all its graphs, by state. */
  jobs: v.optional(jobCounts),
  /** Slots of this peer that its jobs take now, where another peer drives it. */
  slotsHere: v.optional(count),
  folder: v.optional(text),
  /** Given with the run or later. */
  tags: v.optional(tags),
  /** The run that it goes on with, and those here that go on with it. */
  resumes: v.optional(runId),
  resumedBy: v.optional(list(runId, 100)),
  /** The peer that has the folder, for one that is not here. */
  at: v.optional(name),
  /** Where the folder went that was here: a peer, a folder of this machine, or an address. */
  moved: v.optional(place)
})
export type RunLine = v.InferOutput<typeof runLine>

/**
 * Lines as the daemon of this machine gives them, which has checked what other peers told: a schema takes 20 µs for each, and there may be
 * ten thousand. So one of a plain run is looked at only.
 */
const checkedLines = (() => {
  const lines = list(runLine, MAX_LINES)
  const run = lines['~run'].bind(lines)
  const fast: typeof lines = {
    ...lines,
    '~run'(dataset, config) {
      const { value } = dataset
      const isRight = (line: RunLine) => isPlainLine(line) || v.is(runLine, line)
      const areRight = Array.isArray(value) && value.length <= MAX_LINES && value.every(isRight)
      return areRight ? ({ typed: true, value } as ReturnType<typeof run>) : run(dataset, config)
    }
  }
  return fast
})()

function isPlainLine(line: Partial<RunLine> | undefined): boolean {
  const { run, name, state, begun, controller, partial, excluded, beside, tags, resumedBy } = line ?? {}
  const isNamed = typeof run === 'string' && typeof name === 'string' && typeof controller?.name === 'string'
  const isTagged = tags == null || Object.values(tags).every(each => typeof each === 'string')
  const hasMore = excluded?.length !== 0 || beside?.length !== 0 || resumedBy != null
  return isNamed && isTagged && state === 'ended' && Number.isFinite(begun) && typeof partial === 'boolean' && !hasMore
}

/** A run, as any peer of the mesh can describe it. */
const runView = v.object({
  run: runId,
  controller: peerId,
  /** The folder, if it is on this machine. */
  folder: v.optional(text),
  /** The name of the peer that has the folder, if that is another one and it can be reached. */
  holder: v.optional(name),
  /** Where the folder went that was here. */
  moved: v.optional(place),
  /** Where it was to go when the run had ended, and why it has not. */
  due: v.optional(v.object({ to: place, reason: text })),
  /** Its line in lists, where more is not known. */
  line: v.optional(runLine),
  /** Tags that it got later, beside its seal. */
  tags: v.optional(tags),
  /** Runs here that go on with it. */
  resumedBy: v.optional(list(runId, 100)),
  /** The text of `run.json`. */
  record: v.optional(v.string()),
  /** An envelope: CBOR in base64. */
  manifest: v.optional(v.string()),
  /** An envelope: CBOR in base64. */
  offer: v.optional(v.string()),
  /** Digest of the manifest. */
  digest: v.optional(digest),
  /** Envelopes: CBOR in base64. */
  certificates: list(v.string(), 100_000)
})
export type RunView = v.InferOutput<typeof runView>

/** One tarball of a member, or what it could not pack: that is `left` there. */
const collected = v.object({
  name,
  what: text,
  bytes: count,
  outcome: v.picklist(['arrived', 'failed', 'left']),
  reason: v.optional(text)
})

const outputHead = v.object({
  run: runId,
  /** Of each sample, as they were selected; left out while it is not known who will run them. */
  instances: v.optional(count),
  /** Characters of the longest of their names. */
  width: count,
  samples: count
})
export type OutputHead = v.InferOutput<typeof outputHead>

/** The output of an instance, or of all of a member, cannot be had. */
const outputMissing = v.object({
  member: name,
  workload: v.optional(name),
  instance: v.optional(count),
  missing: text
})
export type OutputMissing = v.InferOutput<typeof outputMissing>

export const resultCalls = {
  /** The runs whose folder is here; with `mesh` also those that other peers drive or have. */
  ls: {
    request: v.strictObject({
      mesh: v.optional(v.boolean()),
      active: v.optional(v.boolean()),
      /** Only those that fit (where/where.ts). */
      where: v.optional(v.pipe(v.string(), v.maxLength(MAX_EXPRESSION))),
      /** Fields, instead of the order in which they began. */
      sort: v.optional(v.pipe(v.string(), v.maxLength(MAX_EXPRESSION)))
    }),
    response: v.object({
      runs: checkedLines,
      /** Peers that did not say what they have, and those that have more than they say. */
      silent: v.optional(list(v.object({ name, reason: text }), MAX_PEERS)),
      cut: v.optional(list(name, MAX_PEERS))
    })
  },
  /** Gives a result tags beside its seal, or takes such away; answers with all that it has. */
  tag: {
    request: v.strictObject({
      run: runReference,
      set: v.optional(tags, {}),
      remove: v.optional(list(v.string(), MAX_TAGS), [])
    }),
    response: v.object({ run: runId, sealed: tags, later: tags })
  },
  describe: { request: v.strictObject({ run: runReference }), response: runView },
  /**
   * The output of its workloads, in the order in which it was written: from the peer that has the result, and while the run goes on also
   * from its members; first what there is to expect, and in between whose output cannot be had.
   */
  logs: {
    request: v.strictObject({
      run: runReference,
      member: v.optional(name),
      /** A name, or with the number of an instance as in `server.2`. */
      workload: v.optional(text),
      /** Also what is written from now on, to the end of the run. */
      follow: v.optional(v.boolean())
    }),
    response: v.union([outputPortion, outputMissing, outputHead])
  },
  /** Deletes a result that is here; of one that was moved from here it forgets that, and says where it is. */
  rm: { request: v.strictObject({ run: runReference }), response: v.object({ run: runId, at: v.optional(place) }) },
  /** Deletes what is left on this peer of runs that are over, of one run or of an age. */
  gc: {
    request: v.strictObject({
      run: v.optional(runReference),
      olderThanMs: v.optional(milliseconds),
      dryRun: v.optional(v.boolean())
    }),
    response: v.object({ deleted: list(leftover, 10_000) })
  },
  /** Deletes the results that no rule keeps and that are elsewhere, too; one answer for each that no rule keeps. */
  prune: {
    request: v.strictObject({
      /** `20`, `30d`, or an expression (where/keep.ts). */
      keep: v.pipe(list(v.pipe(v.string(), v.maxLength(MAX_EXPRESSION)), 64), v.minLength(1)),
      /** Also those that are nowhere else. */
      force: v.optional(v.boolean()),
      dryRun: v.optional(v.boolean())
    }),
    response: v.object({
      run: runId,
      name,
      created: v.optional(instant),
      bytes: v.optional(count),
      /** Or would be, in a dry run. */
      isDeleted: v.boolean(),
      /** Where it is, too. */
      at: v.optional(place),
      /** Why it stays. */
      reason: v.optional(text)
    })
  },
  /** What members still have of runs that are over; one answer for each member. */
  leftovers: {
    request: v.strictObject({}),
    response: v.object({ peer: peerId, name, leftovers: list(leftover, 10_000), error: v.optional(text) })
  },
  /** Fetches what members still have of a run; one answer for each tarball. */
  collect: { request: v.strictObject({ run: runReference }), response: collected },
  /** Brings a result to a destination, and deletes it here unless it is to be kept; answers with bytes done and in all. */
  move: {
    request: v.strictObject({
      run: runReference,
      to: destination,
      keep: v.optional(v.boolean()),
      /** Of a pbench server. */
      token: v.optional(v.pipe(v.string(), v.maxLength(8192)))
    }),
    response: v.object({
      run: runId,
      /** Where it is, or is to be. */
      to: place,
      /** Why there. */
      note: v.optional(text),
      done: count,
      total: count,
      /** What is done just now; the bytes that arrive there where it is left out. */
      step: v.optional(text),
      finished: v.boolean()
    })
  }
} as const
