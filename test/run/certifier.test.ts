import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Certifier, REPLICAS } from '../../node/run/certifier.ts'
import type { Closed } from '../../node/run/open-phase.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, open } from '../../protocols/envelope.ts'
import type { Phase } from '../../protocols/fields.ts'
import { type Ack, ackSubject, type Command, certificateSubject } from '../../protocols/phase.ts'
import { ackOf, fakeRun } from '../helpers/run.ts'
import { controller, command as goodCommand } from '../protocols/samples.ts'

const test = suite('how the end of a phase is certified')
test.before.each(() => mock.timers.enable({ apis: ['setTimeout'] }))
test.after.each(() => mock.timers.reset())

/** A run of four members and its controller, and what certifies a phase of it that the ranks of `good` answered. */
async function certifierOf(members = 4) {
  const made = await fakeRun({ members })
  const { run, signers } = made
  const certifier = new Certifier(run)
  let seq = 0
  const certify = (phase: Phase, good = signers.map((_, i) => i), change: Partial<Ack> = {}, reason = 'no answer') => {
    const command: Command = {
      ...goodCommand,
      phase,
      seq: ++seq,
      subject: run.subject?.digest as string,
      to: undefined
    }
    const acks = good.map(rank => open(ackSubject, ackOf(command, signers[rank] as (typeof signers)[number], change)))
    const missing = signers.flatMap(({ peer }, i) =>
      good.includes(i) ? [] : [{ peer, name: `m${i}`, code: 'timeout' as const, reason }]
    )
    const closed: Closed = { verdict: missing.length === 0 ? 'met' : 'failed', acks, missing, took: 7 }
    const sealed = certifier.certify(command, closed, { asked: signers.length, needed: signers.length })
    return { sealed, digest: digestOf(encode(sealed)), acks }
  }
  return { made, certifier, certify }
}

test('the certificate is signed by the controller and holds every answer as its member signed it', async () => {
  const { certify } = await certifierOf()
  const { sealed, acks } = certify('stop')
  const { by, value } = open(certificateSubject, sealed)
  assert.equal([by, value.phase, value.verdict, value.needed, value.asked], [controller.peer, 'stop', 'met', 4, 4])
  assert.equal(
    value.acks,
    acks.map(({ envelope }) => envelope)
  )
  assert.equal(value.excluded, [])
})

test('a member that was lost while the workload ran is in the certificate of that workload, once', async () => {
  const { made, certify } = await certifierOf()
  const lost = {
    peer: made.signers[1]?.peer as string,
    name: 'm1',
    phase: 'work',
    code: 'lost',
    reason: 'gone'
  } as const
  made.run.exclude(lost)
  const excludedBy = (sealed: Envelope) => open(certificateSubject, sealed).value.excluded
  assert.equal(excludedBy(certify('work', [0]).sealed), [lost])
  assert.equal(excludedBy(certify('stop', [0, 1, 2, 3]).sealed), [])
  assert.equal(excludedBy(certify('work', [0]).sealed), [])
})

test('it is sent to the first three members that still take part; for one without a stream it can be fetched', async () => {
  const { made, certify } = await certifierOf()
  const peers = made.signers.map(({ peer }) => peer)
  const { sealed, digest } = certify('stop')
  assert.equal(made.sent, [{ peers: peers.slice(0, REPLICAS), message: { type: 'certificate', sealed } }])
  assert.equal([...made.held.keys()], [])
  made.without.add(peers[1] as string)
  const second = certify('send')
  assert.equal(made.sent.at(-1)?.peers, [peers[0], peers[2]])
  assert.equal([...made.held.keys()], [second.digest])
  assert.is.not(second.digest, digest)
  made.run.exclude({ peer: peers[0] as string, name: 'm0', phase: 'send', code: 'lost', reason: 'gone' })
  certify('end')
  assert.equal(made.sent.at(-1)?.peers, [peers[2], peers[3]])
})

test('a member without a good answer is excluded from there on, in the certificate and in the record', async () => {
  const { made, certify } = await certifierOf()
  const { value } = open(certificateSubject, certify('stage', [0, 1, 3], {}, 'x'.repeat(2_000)).sealed)
  const [out] = value.excluded
  assert.equal([out?.name, out?.phase, out?.code, out?.reason.length], ['m2', 'stage', 'timeout', 1024])
  assert.equal([...made.run.excluded.keys()], [made.signers[2]?.peer])
  assert.equal([made.run.record.partial, made.run.record.excluded], [true, value.excluded])
  assert.equal(
    made.stored.map(({ type }) => type),
    ['phase-closed', 'excluded']
  )
})

test('a workload that fails excludes nobody', async () => {
  const { made, certify } = await certifierOf()
  assert.equal(open(certificateSubject, certify('work', []).sealed).value.excluded, [])
  assert.equal([made.run.excluded.size, made.run.record.partial], [0, false])
})

test('the mesh hears of join and terminate at once, of an exclusion too, and of other phases together', async () => {
  const { made, certify } = await certifierOf()
  const { digest, acks } = certify('join')
  const [first] = made.notices
  assert.equal(
    first?.members,
    acks.map(({ by }) => by)
  )
  assert.equal(
    first?.phases.map(({ phase, ok, certificate }) => [phase, ok, certificate]),
    [['join', 4, digest]]
  )
  certify('stage')
  certify('init')
  assert.is(made.notices.length, 1)
  certify('start', [0, 1, 2])
  assert.equal(
    made.notices[1]?.phases.map(({ phase }) => phase),
    ['stage', 'init', 'start']
  )
  certify('stop', [0, 1, 2, 3])
  mock.timers.tick(1_000)
  assert.is(made.notices.length, 3)
  certify('terminate', [0, 1, 2, 3])
  assert.equal([made.notices.length, made.notices[3]?.members], [4, undefined])
})

test('an answer that is not ok is in the certificate, and not among those that count', async () => {
  const { made, certify } = await certifierOf()
  certify('stop', [0, 1, 2, 3], { outcome: 'failed', code: 'tool-failed', reason: 'it did not start' })
  const closed = made.stored.find(({ type }) => type === 'phase-closed')
  assert.is(closed?.type === 'phase-closed' && closed.ok, 0)
})
test.run()
