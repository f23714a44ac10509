import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import type { Gossip, Topic } from '../../node/mesh/gossip.ts'
import type { Roles } from '../../node/mesh/permissions.ts'
import { type Heard, RunFeed, type RunFeedComponents } from '../../node/run/run-feed.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import { type Envelope, type Signer, seal } from '../../protocols/envelope.ts'
import type { BakError } from '../../protocols/errors.ts'
import { Ignored } from '../../protocols/errors.ts'
import { runTopicName, topicName } from '../../protocols/hello.ts'
import type { Role } from '../../protocols/membership.ts'
import { type ClosedPhase, type Notice, noticeSubject } from '../../protocols/notice.ts'
import { type Command, certificateSubject, commandSubject, type RunMessage } from '../../protocols/phase.ts'
import { fake } from '../helpers/run.ts'
import { newSigner } from '../helpers/streams.ts'
import { certificate, command, notice } from '../protocols/samples.ts'

const test = suite('what a peer hears of runs')
const MESH_TOPIC = topicName('m', 'run')
const runTopic = (id: string) => runTopicName('m', id)
const [honest, flooder] = [newSigner(), newSigner()] as [Signer, Signer]

/** A feed over a gossip that only keeps what it is told, and peers that publish on its topics. */
function feedOf(roles: Record<string, Role | undefined> = {}) {
  const topics = new Map<string, Topic<Heard>>()
  const published: string[] = []
  const unsubscribed: string[] = []
  const gossip: Pick<Gossip, 'subscribe' | 'unsubscribe' | 'publish' | 'reaches'> = {
    subscribe: topic => void topics.set(topic.name, topic as unknown as Topic<Heard>),
    unsubscribe: name => {
      topics.delete(name)
      unsubscribed.push(name)
    },
    publish: name => void published.push(name),
    reaches: (name, peers) => name === MESH_TOPIC && peers.every(peer => peer === honest.peer)
  }
  const authority: Roles = { roleOf: peer => (peer in roles ? roles[peer] : 'controller') }
  const feed = new RunFeed(fake<RunFeedComponents>({ gossip: gossip as Gossip, authority }), {
    mesh: 'm',
    log: createLog('error', () => {})
  })
  feed.afterStart()
  /** @throws why the message is refused */
  const arrive = (message: RunMessage, on = MESH_TOPIC) => {
    const topic = topics.get(on) as Topic<Heard>
    const bytes = encode(message)
    const heard = topic.check(bytes, () => {})
    topic.handle(heard, bytes)
    return topic.isOneHop?.(heard)
  }
  const order = (signer: Signer, change: Partial<Command>, on?: string) =>
    arrive({ type: 'command', sealed: seal(commandSubject, { ...command, ...change }, signer) }, on)
  const join = (signer: Signer, run: string) => order(signer, { run, phase: 'join' })
  const learn = (signer: Signer, change: Partial<Notice>) =>
    arrive({ type: 'notice', sealed: seal(noticeSubject, { ...notice, ...change }, signer) })
  return { feed, order, join, learn, published, topics, unsubscribed }
}

const closed = (seq: number, phase: ClosedPhase['phase'] = 'stop'): ClosedPhase => ({
  ...(notice.phases[0] as ClosedPhase),
  ...{ seq, phase }
})

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as BakError).code
  }
}

const runOf = (n: number) => `20261122T213015-${n.toString(36).padStart(6, '0')}`

test('a controller with run after run crowds out its own, not those of others', () => {
  const { feed, join } = feedOf()
  for (let n = 0; n < 5; n++) join(honest, runOf(n))
  for (let n = 1_000; n < 2_000; n++) join(flooder, runOf(n))
  for (let n = 0; n < 5; n++) assert.is(feed.get(runOf(n))?.lead.by, honest.peer)
  assert.is(feed.runs().length, 64)
  assert.ok(feed.get(runOf(1_999)) != null, 'of its own the newest are left')
})

test('phases stand in their order, in whichever order the notices come', () => {
  const { feed, learn } = feedOf()
  learn(honest, { phases: [closed(3), closed(4)] })
  learn(honest, { phases: [closed(1), closed(2)] })
  const known = feed.get(notice.run)
  assert.equal(
    known?.closed.map(({ seq }) => seq),
    [1, 2, 3, 4]
  )
})

test('a peer that joined is a member until the run is over, and both are events', () => {
  const { feed, learn } = feedOf()
  const changed: string[] = []
  feed.addEventListener('participants', ({ detail }) => changed.push(detail.controller))
  learn(honest, { phases: [closed(1, 'join')], members: [flooder.peer] })
  assert.equal(
    feed.runsOf(flooder.peer).map(({ controller }) => controller),
    [honest.peer]
  )
  learn(honest, { phases: [closed(2, 'terminate')], members: undefined })
  assert.equal(feed.runsOf(flooder.peer), [])
  learn(honest, { phases: [closed(3)] })
  assert.equal(changed, [honest.peer, honest.peer])
})

test('another peer than the lead neither closes phases of a run nor gives certificates of it', () => {
  const { feed, learn } = feedOf()
  learn(honest, { phases: [closed(1)] })
  learn(flooder, { phases: [closed(2)] })
  feed.keep(notice.run, seal(certificateSubject, certificate, flooder))
  feed.keep(runOf(7), seal(certificateSubject, certificate, honest))
  const known = feed.get(notice.run)
  assert.is(known?.closed.length, 1)
  assert.is(known?.certificates.size, 0)
  assert.is(feed.get(runOf(7)), undefined)
})

test('certificates are kept under their digests, and no more of them than a run may have', () => {
  const { feed, learn } = feedOf()
  learn(honest, {})
  const sealed = seal(certificateSubject, certificate, honest)
  feed.keep(notice.run, sealed)
  assert.is(feed.get(notice.run)?.certificates.get(digestOf(encode(sealed))), sealed)
  const large = (i: number): Envelope => ({ ...sealed, body: new Uint8Array(100_000).fill(i) })
  for (let i = 0; i < 100; i++) feed.keep(notice.run, large(i))
  assert.ok((feed.get(notice.run)?.certificateBytes ?? 0) <= 512 * 1024)
  assert.ok((feed.get(notice.run)?.certificates.size ?? 0) > 2)
})

test('of a long run the latest phases are kept', () => {
  const { feed, learn } = feedOf()
  for (let i = 0; i < 70; i++) learn(honest, { phases: Array.from({ length: 64 }, (_, k) => closed(64 * i + k + 1)) })
  const known = feed.get(notice.run)?.closed
  assert.equal([known?.length, known?.at(-1)?.seq], [4_096, 4_480])
})

const { run } = notice
const signedBy = (signer: Signer, change: Partial<Command>) => {
  const value = { ...command, ...change }
  return { by: signer.peer, value, envelope: seal(commandSubject, value, signer) }
}

test('what is published is handled here, too: `join` and notices on the topic of the mesh, later commands on that of the run', () => {
  const { feed, published } = feedOf()
  const heard: number[] = []
  feed.addEventListener('command', ({ detail }) => heard.push(detail.value.seq))
  feed.publish({ type: 'command', signed: signedBy(honest, { seq: 1, phase: 'join' }) })
  feed.publish({ type: 'command', signed: signedBy(honest, { seq: 2, phase: 'stage' }) })
  feed.publish({
    type: 'notice',
    signed: { by: honest.peer, value: notice, envelope: seal(noticeSubject, notice, honest) }
  })
  feed.handle({ type: 'command', signed: signedBy(honest, { seq: 3, phase: 'work' }) })
  assert.equal(published, [MESH_TOPIC, runTopic(run), MESH_TOPIC])
  assert.equal(heard, [1, 2, 3])
})

test('a run that is entered has a topic of its own until it is left as often', () => {
  const { feed, topics, unsubscribed, order } = feedOf()
  assert.equal([...topics.keys()], [MESH_TOPIC])
  feed.enter(run, () => true)
  feed.enter(run, () => true)
  assert.equal([...topics.keys()], [MESH_TOPIC, runTopic(run)])
  order(honest, { seq: 2, phase: 'stage' }, runTopic(run))
  assert.is(feed.get(run)?.command?.phase, 'stage')
  feed.leave(run)
  assert.equal(unsubscribed, [])
  feed.leave(run)
  assert.equal([unsubscribed, [...topics.keys()]], [[runTopic(run)], [MESH_TOPIC]])
})

test('a command on the wrong topic is refused', () => {
  const { feed, order } = feedOf()
  feed.enter(run, () => true)
  const wrong: Array<[change: Partial<Command>, topic: string]> = [
    [{ phase: 'stage' }, MESH_TOPIC],
    [{ phase: 'join' }, runTopic(run)],
    [{ phase: 'stage', run: runOf(7) }, runTopic(run)]
  ]
  for (const [change, topic] of wrong)
    assert.is(
      codeOf(() => order(honest, change, topic)),
      'bad-message'
    )
  assert.is(feed.get(run)?.command, undefined)
})

test('a message that says so is of one hop', () => {
  const { order, learn } = feedOf()
  assert.equal([order(honest, { phase: 'join' }), order(honest, { phase: 'join', oneHop: true })], [false, true])
  assert.equal([learn(honest, {}), learn(honest, { oneHop: true })], [false, true])
})

test('whom one hop reaches depends on the topic', () => {
  const { feed } = feedOf()
  assert.equal(
    [feed.reaches([honest.peer]), feed.reaches([honest.peer, flooder.peer]), feed.reaches([honest.peer], run)],
    [true, false, false]
  )
})

test('an agent may not drive a run, and a peer that is not known yet is ignored without blame', () => {
  const { order } = feedOf({ [honest.peer]: 'agent', [flooder.peer]: undefined })
  assert.throws(
    () => order(flooder, { phase: 'join' }),
    (error: unknown) => error instanceof Ignored && error.code === 'not-ready'
  )
  assert.is(
    codeOf(() => order(honest, { phase: 'join' })),
    'not-allowed'
  )
})

test('only the lead of a run speaks for it: commands of another peer, or of another epoch, are not handled', () => {
  const { feed, order } = feedOf()
  const heard: number[] = []
  feed.addEventListener('command', ({ detail }) => heard.push(detail.value.seq))
  order(honest, { seq: 1, phase: 'join' })
  feed.enter(run, () => true)
  order(flooder, { seq: 2, phase: 'terminate' }, runTopic(run))
  order(honest, { seq: 3, phase: 'terminate', epoch: 0 }, runTopic(run))
  order(honest, { seq: 4, phase: 'terminate', epoch: 2 }, runTopic(run))
  order(honest, { seq: 5, phase: 'stage' }, runTopic(run))
  assert.equal(heard, [1, 5])
  assert.equal(feed.get(run)?.lead, { by: honest.peer, epoch: 1 })
})

test.run()
