/** How a run gets its members: waits for those it expects, offers the run to all that fit, and freezes those that answer. */
import { encode } from '../../protocols/codec.ts'
import { type Envelope, type Signed, seal } from '../../protocols/envelope.ts'
import { cutText } from '../../protocols/fields.ts'
import { MANIFEST_FILE, OFFER_FILE } from '../../protocols/layout.ts'
import {
  type Capabilities,
  type Manifest,
  manifestSubject,
  type Offer,
  offerSubject
} from '../../protocols/manifest.ts'
import type { Ack } from '../../protocols/phase.ts'
import { MAX_CONTENT_BYTES } from '../../protocols/run-stream.ts'
import { describeAbsent } from './attendance.ts'
import { waitForMembers } from './expect.ts'
import { takeGiven } from './jobs/given-inputs.ts'
import { preflight } from './preflight.ts'
import { candidatesOf, driversOf, freeze, whyNotPlaced, withDriver } from './roster.ts'
import type { RunContext } from './run-context.ts'
import { ranklessOverrides } from './shortfalls.ts'
import { importStaged } from './staging-import.ts'
import { Stopped } from './stopped.ts'

/** @throws {BakError} `quorum` if too few peers are there in time, {Stopped} if workloads have nobody to run on or too few answer the preflight, what cancels the run */
export async function offerRun(run: RunContext): Promise<void> {
  const { order, parts, events, folder } = run
  const { spec, epoch, created } = order
  const { signer, program, members } = parts
  const signal = AbortSignal.any([run.cancelled, parts.signal])
  const attendance = await waitForMembers(spec, members, {
    signal,
    onWaiting: ({ expect, present, until, attendance: { absent } }) => {
      const missing = absent.filter(({ named }) => named).map(describeAbsent)
      events.store({ type: 'waiting', expect, present, absent: missing, until })
    }
  })
  run.attended(attendance)
  const unplaced = whyNotPlaced(spec, attendance.here)
  if (unplaced != null) throw new Stopped('quorum', unplaced)
  run.staged = await importStaged(run, signal)
  run.given = await takeGiven(run.jobs.applied, ['path', 'url'], run, signal)
  run.candidates = withDriver(candidatesOf(spec, attendance.here), signer.peer, members.self.name)
  const about = { run: run.id, controller: signer.peer, epoch, created, program, spec }
  const staged = run.staged.length === 0 ? undefined : run.staged
  const offer: Offer = { ...about, candidates: run.candidates, staged, signedFiles: true, series: true }
  const sealed = seal(offerSubject, offer, signer)
  setSubject(run, sealed)
  await folder.writeEnvelope(OFFER_FILE, sealed)
  run.record.state = 'running'
  events.store({ type: 'offered' })
  if (spec.policy.preflight === 0) return
  await checkPaths(run, signal).catch(cause => {
    // nobody was asked to join: there is nobody to clean up after
    run.candidates = []
    throw cause
  })
}

/** Members that do not answer are not asked to join. @throws {Stopped} if too few are left */
async function checkPaths(run: RunContext, signal: AbortSignal): Promise<void> {
  const { signer, streams } = run.parts
  const seconds = run.order.spec.policy.preflight
  const others = run.candidates.filter(({ peer }) => peer !== signer.peer)
  const until = Date.now() + seconds * 1000
  const silent = await preflight({
    peers: others.map(({ peer }) => peer),
    timeoutMs: seconds * 1000,
    to: peer => streams.to(peer),
    signal,
    onWaiting: present => run.events.store({ type: 'waiting', expect: others.length, present, until })
  })
  for (const { peer, why } of silent) {
    const reason = cutText(`no answer within ${seconds} s: ${why}`)
    run.exclude({ peer, name: run.nameOf(peer) ?? peer, phase: 'join', code: 'unreachable', reason })
  }
  const { needed, candidates } = run
  if (candidates.length - silent.length >= needed) return
  const drivers = driversOf(candidates).length
  const who = run.record.excluded.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  throw new Stopped(
    'quorum',
    `preflight: ${needed - drivers} members are needed, ${candidates.length - drivers} were asked; ${who}`
  )
}

/** The members that answered, with what each can do, are the manifest from here on; each gets it before the next command. */
export async function freezeRoster(run: RunContext, acks: Signed<Ack>[]): Promise<void> {
  const { order, record, parts, events, folder } = run
  const { signer, runStreams } = parts
  const capable = new Map<string, Capabilities>()
  for (const { by, value } of acks) {
    if (value.outcome === 'ok' && value.capabilities != null) capable.set(by, value.capabilities)
  }
  record.roster = freeze(run.candidates, capable)
  for (const each of ranklessOverrides(order.spec, record.roster.length)) run.lack(each)
  const manifest: Manifest = {
    run: run.id,
    controller: signer.peer,
    epoch: order.epoch,
    frozen: Date.now(),
    offer: run.subject?.digest ?? '',
    spec: order.spec,
    roster: record.roster,
    excluded: record.excluded
  }
  const sealed = seal(manifestSubject, manifest, signer)
  const { digest, bytes } = setSubject(run, sealed)
  record.manifest = digest
  await folder.writeEnvelope(MANIFEST_FILE, sealed)
  const members = record.roster.map(({ peer, name, rank, tools, workloads, load }) => ({
    ...{ peer, name, rank, workloads, load },
    tools: tools.map(({ tool }) => tool)
  }))
  events.store({ type: 'roster', manifest: digest, members })
  // members without an open stream fetch it by its digest
  if (bytes.length > MAX_CONTENT_BYTES) return
  const others = record.roster.map(({ peer }) => peer).filter(peer => peer !== signer.peer)
  runStreams.send(run.id, others, { type: 'content', bytes })
}

function setSubject(run: RunContext, sealed: Envelope): { digest: string; bytes: Uint8Array } {
  const bytes = encode(sealed)
  run.subject = { bytes, digest: run.parts.content.put(bytes) }
  return run.subject
}
