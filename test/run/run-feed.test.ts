import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import type { Topic } from '../../node/mesh/gossip.ts'
import { RunFeed } from '../../node/run/run-feed.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import { type ClosedPhase, type Notice, noticeSubject } from '../../protocols/notice.ts'
import { certificateSubject, commandSubject } from '../../protocols/phase.ts'
import { newSigner } from '../helpers/streams.ts'
import { certificate, command, notice } from '../protocols/samples.ts'

const test = suite('following runs')
const [honest, flooder] = [newSigner(), newSigner()] as [Signer, Signer]

function followOf() {
  let topic: Topic<unknown> | undefined
  const published: Uint8Array[] = []
  const publish = (_: string, bytes: Uint8Array) => void published.push(bytes)
  const gossip = { subscribe: (each: Topic<unknown>) => (topic = each), publish }
  const authority = { roleOf: () => 'controller' as const }
  const follow = new RunFeed({ gossip, authority } as never, { mesh: 'm', log: createLog('error', () => {}) })
  follow.afterStart()
  const arrive = (message: unknown) => {
    const bytes = encode(message)
    topic?.handle(
      topic.check(bytes, () => {}),
      bytes
    )
  }
  const hear = (signer: Signer, run: string) =>
    arrive({ type: 'command', sealed: seal(commandSubject, { ...command, run }, signer) })
  const learn = (signer: Signer, change: Partial<Notice>) =>
    arrive({ type: 'notice', sealed: seal(noticeSubject, { ...notice, ...change }, signer) })
  return { follow, hear, learn, published }
}

const closed = (seq: number, phase: ClosedPhase['phase'] = 'stop'): ClosedPhase => ({
  ...(notice.phases[0] as ClosedPhase),
  ...{ seq, phase }
})

const runOf = (n: number) => `20261122T213015-${n.toString(36).padStart(6, '0')}`

test('a controller that tells of run after run crowds out its own, not those of others', () => {
  const { follow, hear } = followOf()
  for (let n = 0; n < 5; n++) hear(honest, runOf(n))
  for (let n = 1_000; n < 2_000; n++) hear(flooder, runOf(n))
  for (let n = 0; n < 5; n++) assert.is(follow.get(runOf(n))?.controller, honest.peer)
  assert.is(follow.runs().length, 64)
  assert.ok(follow.get(runOf(1_999)) != null, 'of its own the newest are left')
})

test('phases stand in their order, in whichever order the notices come', () => {
  const { follow, learn } = followOf()
  learn(honest, { phases: [closed(3), closed(4)] })
  learn(honest, { phases: [closed(1), closed(2)] })
  const known = follow.get(notice.run)
  assert.equal(
    known?.closed.map(({ seq }) => seq),
    [1, 2, 3, 4]
  )
})

test('who joined is a member until the run is over', () => {
  const { follow, learn } = followOf()
  learn(honest, { phases: [closed(1, 'join')], members: [flooder.peer] })
  assert.equal(
    follow.runsOf(flooder.peer).map(({ run }) => run),
    [notice.run]
  )
  learn(honest, { phases: [closed(2, 'terminate')], members: undefined })
  assert.equal(follow.runsOf(flooder.peer), [])
})

test('another peer tells nothing of a run, and gives no certificates of it', () => {
  const { follow, learn } = followOf()
  learn(honest, { phases: [closed(1)] })
  learn(flooder, { phases: [closed(2)] })
  follow.hold(notice.run, seal(certificateSubject, certificate, flooder))
  follow.hold(runOf(7), seal(certificateSubject, certificate, honest))
  const known = follow.get(notice.run)
  assert.is(known?.closed.length, 1)
  assert.is(known?.held.size, 0)
  assert.is(follow.get(runOf(7)), undefined)
})

test('certificates are held under their digests, and no more of them than a run may have', () => {
  const { follow, learn } = followOf()
  learn(honest, {})
  const sealed = seal(certificateSubject, certificate, honest)
  follow.hold(notice.run, sealed)
  assert.is(follow.get(notice.run)?.held.get(digestOf(encode(sealed))), sealed)
  const large = (i: number): Envelope => ({ ...sealed, body: new Uint8Array(100_000).fill(i) })
  for (let i = 0; i < 100; i++) follow.hold(notice.run, large(i))
  assert.ok((follow.get(notice.run)?.bytes ?? 0) <= 512 * 1024)
  assert.ok((follow.get(notice.run)?.held.size ?? 0) > 2)
})

test('of a long run the phases that came last are remembered', () => {
  const { follow, learn } = followOf()
  for (let i = 0; i < 70; i++) learn(honest, { phases: Array.from({ length: 64 }, (_, k) => closed(64 * i + k + 1)) })
  const known = follow.get(notice.run)?.closed
  assert.equal([known?.length, known?.at(-1)?.seq], [4_096, 4_480])
})

test('what is said goes to the mesh unless all who need it have it, and to this peer in any case', () => {
  const { follow, published } = followOf()
  const heard: number[] = []
  follow.addEventListener('command', ({ detail }) => heard.push(detail.value.seq))
  for (const [seq, toMesh] of [
    [1, true],
    [2, false]
  ] as const) {
    const value = { ...command, seq }
    const signed = { by: honest.peer, value, envelope: seal(commandSubject, value, honest) }
    follow.say({ type: 'command', signed }, { toMesh })
  }
  assert.equal(heard, [1, 2])
  assert.is(published.length, 1)
})

test.run()
