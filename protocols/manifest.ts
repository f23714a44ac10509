/**
 * The two signed descriptions of a run. The controller signs an *offer* and names it by digest in the command `join`;
 * members fetch it, check whether they can do what it asks for, and answer. The members that answered in time are frozen and
 * ranked in the *manifest*, whose digest is in every later command, ack and certificate. Both are content: any peer that has
 * one serves it by digest.
 */
import * as v from 'valibot'
import type { Subject } from './envelope.ts'
import {
  code,
  count,
  digest,
  instant,
  list,
  MAX_PEERS,
  milliseconds,
  name,
  peerId,
  phase,
  runId,
  text
} from './fields.ts'
import { availability } from './hello.ts'
import { measuredPath } from './path.ts'
import { spec } from './spec.ts'
import { MAX_STAGED, platform, stagedEntry } from './staged.ts'
import { toolOptions } from './tool-options.ts'
import { placement } from './workload.ts'

/** One tool of one group as a member is to run it. */
export const assignment = v.object({
  group: name,
  tool: name,
  options: toolOptions,
  /** What the member is called in this group, where somebody registered that. */
  label: v.optional(name)
})
export type Assignment = v.InferOutput<typeof assignment>

export const candidate = v.object({
  peer: peerId,
  /** The name of its folders in the result: its own name, with a part of the peer id if two members have the same name. */
  name,
  tools: list(assignment, 256),
  /** The groups of the spec that it is in. */
  groups: v.optional(list(name, 64)),
  /** The workloads of the spec that run on it. */
  workloads: v.optional(list(placement, 64)),
  /** It has clients of tasks, and this rank among those that have. */
  load: v.optional(count),
  /** It has a part in the jobs of the run: it may be offered those that it fits. */
  jobs: v.optional(v.literal(true)),
  /** It only drives the run: the selector does not select it. */
  driver: v.optional(v.boolean())
})
export type Candidate = v.InferOutput<typeof candidate>

export const offer = v.object({
  run: runId,
  controller: peerId,
  epoch: count,
  created: instant,
  /** Version of bak on the controller. */
  program: text,
  spec,
  candidates: list(candidate, MAX_PEERS),
  /** What members fetch in the phase `stage`. */
  staged: v.optional(list(stagedEntry, MAX_STAGED)),
  /** Members sign the lists of the files that they send (file-list.ts). */
  signedFiles: v.optional(v.literal(true)),
  /** The controller takes series (series/series-file.ts): members make them of what their tools wrote. */
  series: v.optional(v.literal(true))
})
export type Offer = v.InferOutput<typeof offer>
export const offerSubject: Subject<Offer> = { name: 'offer', schema: offer }

/** How far a member's clock is ahead of the controller's, within the bound, ms: controller time = local time - offset. */
export const clock = v.object({
  offset: v.pipe(v.number(), v.finite()),
  bound: milliseconds,
  /** When it was measured, on the controller's clock. */
  at: v.optional(instant)
})
export type Clock = v.InferOutput<typeof clock>

/** What a member answered about itself to join. */
export const capabilities = v.object({
  program: text,
  os: text,
  cores: count,
  clock,
  /** Its path to the controller; left out by the controller itself. */
  path: v.optional(measuredPath),
  tools: list(availability, 256),
  /** How programs that the run brings are kept apart from the member. */
  guards: v.optional(list(text, 8)),
  /** What it has for jobs, where it may be offered some. */
  jobs: v.optional(
    v.object({
      /** 0 where its owner lets it run none, for this reason. */
      slots: count,
      why: v.optional(text),
      /** Bytes. */
      memory: count,
      platform,
      /** It has podman, and its owner lets these images run in it, with * for any characters. */
      images: v.optional(list(text, 256))
    })
  )
})
export type Capabilities = v.InferOutput<typeof capabilities>

export const exclusion = v.object({ peer: peerId, name, phase, code, reason: text })
export type Exclusion = v.InferOutput<typeof exclusion>

export const rosterEntry = v.object({
  ...candidate.entries,
  /** 0 .. n-1, in order of names. */
  rank: count,
  capabilities
})
export type RosterEntry = v.InferOutput<typeof rosterEntry>

export const manifest = v.object({
  run: runId,
  controller: peerId,
  epoch: count,
  frozen: instant,
  /** Digest of the offer that the members answered. */
  offer: digest,
  spec,
  roster: list(rosterEntry, MAX_PEERS),
  /** Candidates that are not on the roster, and why. */
  excluded: list(exclusion, MAX_PEERS)
})
export type Manifest = v.InferOutput<typeof manifest>
export const manifestSubject: Subject<Manifest> = { name: 'manifest', schema: manifest }
