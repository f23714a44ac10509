import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RunEvents } from '../../node/run/events.ts'
import { reconcile } from '../../node/run/reconcile.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, seal } from '../../protocols/envelope.ts'
import { certificateFile, MANIFEST_FILE, OFFER_FILE } from '../../protocols/layout.ts'
import { manifestSubject, offerSubject } from '../../protocols/manifest.ts'
import { type Ack, ackSubject, type Certificate, certificateSubject } from '../../protocols/phase.ts'
import { FORMAT, type RunRecord } from '../../protocols/record.ts'
import {
  ack,
  certificate,
  controller,
  manifest,
  member,
  offer,
  run,
  runRecord,
  specOf,
  step
} from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('a run whose daemon was killed')
const sealedOffer = seal(offerSubject, offer, controller)
const sealedManifest = seal(manifestSubject, { ...manifest, offer: digestOf(encode(sealedOffer)) }, controller)
const subject = digestOf(encode(sealedManifest))
const workload = { exit: 3, duration: 1, timedOut: false }
const lost = { peer: member.peer, name: 'node-b', phase: 'stop', code: 'lost', reason: 'gone' } as const

function certificateOf(seq: number, phase: Ack['phase'], change: Partial<Certificate> = {}): [string, Envelope] {
  const answer = seal(ackSubject, { ...ack, seq, phase, subject, produced: undefined, workload }, member)
  const value = { ...certificate, seq, phase, subject, acks: [answer], excluded: [], ...change }
  return [certificateFile(value), seal(certificateSubject, value, controller)]
}

test('the record and the journal get what the certificates say, and one that is not there is named', async () => {
  const folder = new RunFolder(join(scratch(), run))
  await folder.create(specOf())
  const all = [certificateOf(1, 'stage'), certificateOf(2, 'work'), certificateOf(3, 'stop', { excluded: [lost] })]
  for (const [path, sealed] of [[OFFER_FILE, sealedOffer], [MANIFEST_FILE, sealedManifest], ...all] as const)
    await folder.writeEnvelope(path, sealed)
  const record = {
    ...{ format: FORMAT, run, name: 'x', state: 'running', partial: false, epoch: 1, created: 1, begun: 1 },
    ...{ controller: { peer: controller.peer, name: 'c' }, program: '0', directory: '/', spec: specOf() },
    ...{ roster: [], excluded: [], workload: [], skew: [], sent: [], shortfalls: [], beside: [] }
  } as RunRecord
  const events = await RunEvents.open(folder.journal, [], () => {})
  const closed = { type: 'phase-closed' as const, seq: 1, phase: 'stage' as const, verdict: 'met' as const }
  events.store({ ...closed, ok: 1, asked: 1, took: 1, certificate: digestOf(encode(all[0]?.[1])) })
  unlinkSync(folder.path(certificateFile({ seq: 1, phase: 'stage' })))

  await reconcile({ folder, record, events })
  await events.close()
  assert.is(record.manifest, subject)
  assert.equal(record.roster, manifest.roster)
  assert.equal(record.excluded, [...manifest.excluded, lost].slice(0, record.excluded.length))
  assert.equal(record.workload, [{ step, ...workload, error: undefined }])
  const named = events.past.flatMap(each => (each.type === 'phase-closed' ? [[each.seq, each.certificate]] : []))
  assert.equal(
    named,
    all.map(([, sealed], i) => [i + 1, digestOf(encode(sealed))])
  )
  assert.equal(
    record.unreadable?.map(({ path }) => path),
    ['certificates/0001-stage.cbor']
  )
})

test('a phase that was open in between and was never certified is named, the one that was open at last is not', async () => {
  const folder = new RunFolder(join(scratch(), run))
  await folder.create(specOf())
  for (const [path, sealed] of [[OFFER_FILE, sealedOffer], [MANIFEST_FILE, sealedManifest], certificateOf(2, 'stage')])
    await folder.writeEnvelope(path as string, sealed as Envelope)
  const record = { ...runRecord, excluded: [], workload: [] }
  const events = await RunEvents.open(folder.journal, [], () => {})
  for (const [seq, phase] of [
    [1, 'join'],
    [3, 'init']
  ] as const)
    events.store({ type: 'phase-open', seq, phase, asked: 1, needed: 1 })
  await reconcile({ folder, record, events })
  await events.close()
  assert.equal(
    record.unreadable?.map(({ path }) => path),
    ['certificates/0001']
  )
})

test.run()
