import { readFile } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Members } from '../../node/mesh/membership/members.ts'
import type { Streams } from '../../node/mesh/streams.ts'
import { freezeRoster, offerRun } from '../../node/run/join.ts'
import { Stopped } from '../../node/run/stopped.ts'
import { decode, encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { envelope, open, type Signer } from '../../protocols/envelope.ts'
import { BakError } from '../../protocols/errors.ts'
import { manifestSubject, offerSubject } from '../../protocols/manifest.ts'
import { type Ack, ackSubject, type Command } from '../../protocols/phase.ts'
import { ackOf, CAPABILITIES, fake, fakeRun } from '../helpers/run.ts'
import { stayAwake } from '../helpers/streams.ts'
import { command, controller } from '../protocols/samples.ts'

const test = suite('how a run gets its members')
test.after(stayAwake())

const read = async (path: string) => decode(envelope, await readFile(path))
const orderOf = (subject: string): Command => ({ ...command, phase: 'join', seq: 1, subject, step: undefined })
const joined = (subject: string, signer: Signer, change: Partial<Ack> = {}) =>
  open(ackSubject, ackOf(orderOf(subject), signer, { capabilities: CAPABILITIES, ...change }))

test('the offer names all that fit and the controller, is signed, stored and can be fetched', async () => {
  const { run, signers, held, stored } = await fakeRun({ joined: false })
  await offerRun(run)
  const { by, value } = open(offerSubject, await read(run.folder.path('certificates', 'offer.cbor')))
  assert.equal([by, value.run, value.controller], [controller.peer, run.id, controller.peer])
  assert.equal(
    value.candidates.map(({ peer, driver }) => [peer, driver]),
    [...signers.map(({ peer }) => [peer, undefined]), [controller.peer, true]]
  )
  const { digest = '', bytes } = run.subject ?? {}
  assert.equal([digestOf(bytes as Uint8Array), held.has(digest)], [digest, true])
  assert.equal([run.record.state, stored.map(({ type }) => type)], ['running', ['offered']])
})

test('a run that nobody fits is not offered', async () => {
  const { run, dispatched, stored } = await fakeRun({
    joined: false,
    spec: { on: 'nobody', policy: { join_timeout: 1 } }
  })
  run.parts.members = fake<Members>({ ...run.parts.members, addEventListener: () => {}, removeEventListener: () => {} })
  const error = await offerRun(run).catch(cause => cause)
  assert.equal([error.code, run.candidates, dispatched], ['quorum', [], []])
  assert.not(stored.some(({ type }) => type === 'offered'))
})

test('with a preflight members that do not answer are excluded, and where too few are left nobody is asked to join', async () => {
  for (const [quorum, fails] of [
    ['majority', false],
    ['all', true]
  ] as const) {
    const { run, signers } = await fakeRun({ joined: false, spec: { policy: { quorum, preflight: 1 } } })
    const away = signers[1]?.peer
    run.parts.streams = fake<Streams>({
      to: peer =>
        Object.assign(
          async () => {
            throw new BakError('unreachable', 'no way there')
          },
          peer === away ? {} : { local: () => ({ handler: echo as never, peer }) }
        )
    })
    const failure = await offerRun(run).then(
      () => undefined,
      cause => cause
    )
    assert.equal(
      run.record.excluded.map(({ name, code }) => [name, code]),
      [['m1', 'unreachable']]
    )
    if (!fails) assert.equal([failure, run.active.has(away as string), run.candidates.length], [undefined, false, 5])
    else {
      assert.instance(failure, Stopped)
      assert.match(failure.message, /^preflight: 4 members are needed, 4 were asked; m1: no answer within 1 s/)
      assert.equal(run.candidates, [], 'there is nobody to clean up after')
    }
  }
})

async function* echo({ bytes }: { bytes: Uint8Array }) {
  yield { bytes }
}

test('those that joined are the roster, in order of ranks, with what each can do; the manifest is of the offer', async () => {
  const { run, signers, stored } = await fakeRun({ joined: false })
  await offerRun(run)
  const offer = run.subject?.digest as string
  const [m0, m1, m2, m3] = signers as [Signer, Signer, Signer, Signer]
  const acks = [
    joined(offer, m3),
    joined(offer, controller),
    joined(offer, m1, { outcome: 'refused', code: 'not-allowed', reason: 'no' }),
    joined(offer, m2, { capabilities: undefined }),
    joined(offer, m0)
  ]
  await freezeRoster(run, acks)
  const sealed = await read(run.folder.path('certificates', 'manifest.cbor'))
  const { by, value } = open(manifestSubject, sealed)
  assert.equal([by, value.offer, value.run, value.epoch], [controller.peer, offer, run.id, 1])
  assert.equal(
    value.roster.map(({ name, rank, capabilities }) => [name, rank, capabilities.cores]),
    [
      ['m0', 0, 8],
      ['m3', 1, 8],
      ['node-c', 2, 8]
    ]
  )
  assert.equal([run.record.manifest, run.subject?.digest], [digestOf(encode(sealed)), digestOf(encode(sealed))])
  const roster = stored.find(({ type }) => type === 'roster')
  assert.ok(roster?.type === 'roster' && roster.manifest === run.record.manifest)
})

test('each member gets the manifest on its stream before the next command; one without a stream can fetch it', async () => {
  const { run, signers, sent, held, without } = await fakeRun({ joined: false })
  await offerRun(run)
  const offer = run.subject?.digest as string
  without.add(signers[2]?.peer as string)
  await freezeRoster(
    run,
    [...signers, controller].map(signer => joined(offer, signer))
  )
  assert.equal(sent, [
    {
      peers: [0, 1, 3].map(rank => signers[rank]?.peer as string),
      message: { type: 'content', bytes: run.subject?.bytes as Uint8Array }
    }
  ])
  assert.ok(held.has(run.record.manifest as string))
})
test.run()
