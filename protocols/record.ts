/**
 * `run.json`: the record of a run, and the seal that `bak verify` checks. During the run it is rewritten at each phase,
 * without a seal; at the end it gets the digest of every file in the folder, and the controller signs it.
 *
 * The file is exactly `JSON.stringify(record, null, 2)` and a newline. The seal is the last key; it signs the text of the
 * file without it.
 */
import * as v from 'valibot'
import { besides } from './beside.ts'
import { changedTools } from './changed-tools.ts'
import { check } from './codec.ts'
import { cost } from './cost.ts'
import type { Signer } from './envelope.ts'
import { BakError } from './errors.ts'
import { count, digest, instant, list, milliseconds, name, peerId, phase, runId, text } from './fields.ts'
import { table } from './free-keys.ts'
import { gaugedMember } from './gauge.ts'
import { sign, verify } from './identity.ts'
import { jobCounts } from './jobs/job-state.ts'
import { clock, exclusion, rosterEntry } from './manifest.ts'
import { iterationSummaries } from './matrix/iteration-summary.ts'
import { carrier, measuredPath, pathClass } from './path.ts'
import { step } from './phase.ts'
import { resumed } from './resumed.ts'
import { shortfalls } from './shortfall.ts'
import { spec } from './spec.ts'
import { fetched, MAX_STAGED, stagedEntry } from './staged.ts'
import { recordedDifferences } from './sysinfo/differences.ts'
import { memberNoise } from './sysinfo/noise.ts'
import { tags } from './tags.ts'
import { knee } from './tasks/knee.ts'
import { decisions } from './thresholds/threshold.ts'
import { triggeredWindow } from './trigger.ts'
import { VERDICTS } from './verdict.ts'
import { MAX_ENTRIES, workEntry } from './work-entry.ts'

export const FORMAT = 1
/** Tarballs that a record can name, and of those with missing files. */
export const MAX_SENT = 100_000

/** Statements that a result went to another peer. */
export const MAX_HANDOVERS = 64
/** Files that a record can name of each kind. */
export const MAX_NAMED_FILES = 100_000
export const refusedFile = v.object({ path: v.string(), reason: text })
export const renamedFile = v.object({ path: v.string(), as: v.string() })

/** Samples of which a record has the times of the tool `gauge`, and sentences about what stands out. */
export const MAX_GAUGED = 10_000
export const MAX_RECORD_REMARKS = 16

/** The cost of observation in one sample, by member. */
const observed = v.object({
  step,
  members: list(v.object({ name, ...cost.entries }), 10_000)
})
export type SampleCost = v.InferOutput<typeof observed>

const runRecord = v.object({
  format: v.literal(FORMAT),
  run: runId,
  /** The caller's key for this run: a second call with it starts no second run. */
  key: v.optional(text),
  name,
  state: v.picklist(['waiting', 'running', 'ended']),
  phase: v.optional(phase),
  verdict: v.optional(v.picklist(VERDICTS)),
  status: v.optional(count),
  partial: v.boolean(),
  reason: v.optional(text),
  controller: v.object({ peer: peerId, name }),
  epoch: count,
  created: instant,
  /** Orders the runs of a peer: `created`, or more than that of the run begun before where the clock was set back. */
  begun: instant,
  ended: v.optional(instant),
  /** By a clock that nobody sets. */
  took: v.optional(milliseconds),
  program: text,
  directory: text,
  /** The run that was cut short and that this one goes on with. */
  resumes: v.optional(resumed),
  manifest: v.optional(digest),
  spec,
  roster: list(rosterEntry, 10_000),
  excluded: list(exclusion, 10_000),
  /** What was asked for and was not there. */
  shortfalls,
  /** Runs that went on at the same time on members of this one. */
  beside: besides,
  /** How the command of each sample ended, and each instance of a workload. */
  workload: list(workEntry, MAX_ENTRIES),
  /** Jobs of all its graphs by what became of them; each of them is in `jobs.json`. */
  jobs: v.optional(jobCounts),
  /** Where triggers said when tools of a group ran. */
  triggered: v.optional(list(triggeredWindow, 100_000)),
  /** What the iterations came to, where the spec says when samples are repeated. */
  iterations: iterationSummaries,
  /** What its search found. */
  knee: v.optional(knee),
  /** What its thresholds came to. */
  thresholds: decisions,
  /** Tools that were attached and detached while it went on. */
  tools: changedTools,
  skew: list(v.object({ step, skew: v.number(), latest: v.number() }), 100_000),
  /**
   * How far the clocks of the members were ahead of the controller's at join and at the end; drift is how much faster each ran, ppm, with
   * its bound, or `set` how far it was set in between, ms.
   */
  clocks: v.optional(
    list(
      v.object({
        peer: peerId,
        name,
        begin: clock,
        end: clock,
        drift: v.optional(v.pipe(v.number(), v.finite())),
        bound: v.optional(v.number()),
        set: v.optional(v.number())
      }),
      10_000
    )
  ),
  /** Paths of the members to the controller, at join and at the end. */
  paths: v.optional(
    list(v.object({ peer: peerId, name, begin: v.optional(measuredPath), end: v.optional(measuredPath) }), 10_000)
  ),
  observed: v.optional(list(observed, 100_000)),
  /** Times of the tool `gauge` around each sample. */
  gauges: v.optional(list(v.object({ step, members: list(gaugedMember, 10_000) }), MAX_GAUGED)),
  /** What stands out in the run as a whole, a sentence each. */
  remarks: v.optional(list(text, MAX_RECORD_REMARKS)),
  /** Whether each member was fit to measure before the first sample. */
  noise: v.optional(list(memberNoise, 10_000)),
  /** In what the machines of the members differ. */
  differences: recordedDifferences,
  /** What was brought to the members, and how much of it each had to fetch. */
  staged: v.optional(
    v.object({
      contents: list(stagedEntry, MAX_STAGED),
      members: list(v.object({ peer: peerId, name, ...fetched.entries }), 10_000)
    })
  ),
  /** Tarballs in which files are missing, so many each; the `missing.txt` in them names those, and the member keeps what it can. */
  missing: v.optional(list(v.object({ peer: peerId, name, what: text, files: count }), MAX_SENT)),
  /** Tarballs of the members; one that has not arrived is still on the member. */
  sent: list(
    v.object({
      peer: peerId,
      name,
      what: text,
      digest,
      bytes: count,
      arrived: v.boolean(),
      /** Digest of the signed list of its files (file-list.ts). */
      files: v.optional(digest),
      path: v.optional(pathClass),
      carrier: v.optional(carrier)
    }),
    MAX_SENT
  ),
  /** Digests of all other files in the folder, by path. */
  files: v.optional(table(v.string(), v.object({ sha256: digest, bytes: count }))),
  /** What is neither a file nor a folder with files: empty folders, links and their targets, sockets; none of it is followed or opened. */
  others: v.optional(table(v.string(), text)),
  /** Files of members that were not taken: the member signed them, and they are not here. */
  refused: v.optional(list(refusedFile, MAX_NAMED_FILES)),
  /** Files of members that arrived under another name in the same folder, since their own was taken. */
  renamed: v.optional(list(renamedFile, MAX_NAMED_FILES)),
  /**
   * What is not in the seal: files and folders that could not be read, what members brought and did not sign so, and certificates that a
   * daemon that was killed did not write.
   */
  unreadable: v.optional(list(v.object({ path: v.string(), reason: text }), MAX_NAMED_FILES)),
  /** Signed statements by which the result went to other peers (custody.ts), in base64. */
  custody: v.optional(list(v.string(), MAX_HANDOVERS)),
  seal: v.optional(v.object({ by: peerId, signature: v.string() }))
})
export type RunRecord = v.InferOutput<typeof runRecord>

/** The part of a record that a list of runs needs, so that a long record is not checked as a whole. */
const { entries: all } = runRecord
const runHead = v.pipe(
  v.object({
    ...{ run: all.run, key: all.key, name: all.name, state: all.state, phase: all.phase, verdict: all.verdict },
    ...{ partial: all.partial, excluded: all.excluded, controller: all.controller },
    ...{ created: all.created, begun: all.begun, ended: all.ended, took: all.took, beside: all.beside },
    jobs: all.jobs,
    resumes: v.optional(v.pick(resumed, ['run'])),
    spec: v.optional(v.object({ tags: v.optional(tags) })),
    roster: v.array(v.unknown()),
    sent: v.array(v.object({ bytes: count }))
  }),
  v.transform(({ roster, sent, resumes, spec, ...head }) => ({
    ...head,
    ...(spec?.tags == null ? {} : { tags: spec.tags }),
    ...(resumes == null ? {} : { resumes: resumes.run }),
    members: roster.length,
    /** Of all tarballs. */
    bytes: sent.reduce((sum, { bytes }) => sum + bytes, 0)
  }))
)
export type RunSummary = v.InferOutput<typeof runHead>

/** @throws {BakError} `damaged` if the text is no record */
export const readSummary = (content: string | RunRecord): RunSummary =>
  check(runHead, typeof content === 'string' ? fromJson(content) : content, 'damaged', 'run.json: ', 'record')

/** @returns the text of `run.json`; signed where a key is given */
export function writeRecord(record: RunRecord, signer?: Signer): string {
  const { seal: _, ...rest } = record
  const open = print(rest)
  if (signer == null) return open
  const signature = Buffer.from(sign(signer.key, framed(open))).toString('base64')
  return print({ ...rest, seal: { by: signer.peer, signature } })
}

/** @throws {BakError} `damaged` if the text is no record; the seal is not checked */
export function readRecord(content: string): RunRecord {
  return check(runRecord, fromJson(content), 'damaged', 'run.json: ', 'record')
}

/** @returns whether a `run.json` ends with a seal, valid or not; the end of the text is enough */
export const endsWithSeal = (end: string): boolean => /\n {2}"seal": \{[^{}]*\}\n\}\n$/.test(end)

function fromJson(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch (cause) {
    throw new BakError('damaged', `run.json is not JSON: ${(cause as Error).message}`, { cause })
  }
}

/** @throws {BakError} `damaged` if `run.json` is not exactly as it was signed */
export function checkSeal(content: string): RunRecord {
  const record = readRecord(content)
  if (record.seal == null) throw new BakError('damaged', 'run.json has no seal: the run did not end')
  const { seal: _, ...rest } = JSON.parse(content)
  const { by } = record.seal
  const signature = Buffer.from(record.seal.signature, 'base64')
  // several base64 texts stand for the same bytes; only the one that writeRecord writes is accepted
  const asWritten = print({ ...rest, seal: { by, signature: signature.toString('base64') } })
  if (content !== asWritten || !isSigned(by, framed(print(rest)), signature)) {
    throw new BakError('damaged', `run.json: not as ${by} signed it`)
  }
  return record
}

function isSigned(by: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(by, bytes, signature)
  } catch {
    // not a valid peer id
    return false
  }
}

const print = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
const framed = (content: string) => Buffer.from(`bak:run-record\0${content}`)
