import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Aggregator } from '../../node/channels/aggregator.ts'
import type { RunStreamHandlers } from '../../node/channels/run-stream-server.ts'
import { positionOf, type Subtree, subtreesOf } from '../../node/channels/tree.ts'
import { type Envelope, seal } from '../../protocols/envelope.ts'
import { type Ack, ackSubject } from '../../protocols/phase.ts'
import { MAX_BATCH_ACKS, MAX_BATCH_BYTES } from '../../protocols/run-stream.ts'
import { newSigner } from '../helpers/streams.ts'
import { ack as goodAck, command as goodCommand, run } from '../protocols/samples.ts'

const test = suite('a member that aggregates')
test.before.each(() => mock.timers.enable({ apis: ['setTimeout'] }))
test.after.each(() => mock.timers.reset())

const signers = Array.from({ length: 5 }, newSigner)
const peers = signers.map(({ peer }) => peer)
const subtree = (rank: number, children: Subtree[] = []): Subtree => ({ root: peers[rank] as string, children })
/** m0 has m1 and m3 below it, and m1 has m2. */
const tree = [subtree(0, [subtree(1, [subtree(2)]), subtree(3)]), subtree(4)]

/** A started aggregator, with the batches that it sent, as the ranks of those who signed. */
function aggregatorOf(rank = 0, children = positionOf(peers[rank] as string, tree)?.children ?? []) {
  const sent: Array<{ acks: Envelope[]; seq: number }> = []
  const closed: string[] = []
  let handlers: RunStreamHandlers | undefined
  const server = {
    open: (_: string, each: RunStreamHandlers) => {
      handlers = each
    },
    close: (id: string) => void closed.push(id)
  }
  const aggregator = new Aggregator({
    ...{ run, self: peers[rank] as string, children, server, leaseIntervalMs: 1_000, now: () => 17 },
    send: (acks, seq) => void sent.push({ acks, seq })
  })
  aggregator.start()
  return {
    aggregator,
    sent,
    closed,
    handlers: handlers as RunStreamHandlers,
    /** What a member directly below sends. */
    take: (from: number, ...acks: Envelope[]) => handlers?.onAcks(peers[from] as string, acks),
    open: (seq: number, change: object = {}) => aggregator.open({ ...goodCommand, to: undefined, seq, ...change }),
    ranks: () => sent.map(({ acks }) => acks.map(({ by }) => peers.indexOf(by)))
  }
}

function ackOf(rank: number, seq: number, change: Partial<Ack> = {}): Envelope {
  return seal(ackSubject, { ...goodAck, seq, ...change }, signers[rank] as (typeof signers)[number])
}

test('all acknowledgements go up in one batch when the last has come, each as its member signed it', () => {
  const { aggregator, sent, take, open, ranks } = aggregatorOf()
  open(7)
  const [own, third] = [ackOf(0, 7), ackOf(3, 7)]
  aggregator.answer(own)
  take(3, third)
  assert.equal(sent, [])
  const below = aggregatorOf(1)
  below.open(7)
  below.aggregator.answer(ackOf(1, 7))
  below.take(2, ackOf(2, 7))
  take(1, ...(below.sent[0]?.acks ?? []))
  assert.is(sent.length, 1)
  assert.equal(ranks()[0]?.sort(), [0, 1, 2, 3])
  assert.is(sent[0]?.seq, 7)
  assert.equal(sent[0]?.acks.slice(0, 2), [own, third])
})

test('a member that is slow delays the others by a tenth of a second', () => {
  const { aggregator, sent, take, open, ranks } = aggregatorOf()
  open(7)
  aggregator.answer(ackOf(0, 7))
  mock.timers.tick(60)
  take(3, ackOf(3, 7))
  mock.timers.tick(39)
  assert.equal(sent, [])
  mock.timers.tick(1)
  assert.equal(ranks(), [[0, 3]])
  mock.timers.tick(1_000)
  assert.is(sent.length, 1)
})

test('it waits for nobody whom the command does not name', () => {
  const { aggregator, take, open, ranks } = aggregatorOf()
  open(7, { to: [peers[0], peers[3]] })
  take(3, ackOf(3, 7))
  aggregator.answer(ackOf(0, 7))
  assert.equal(ranks(), [[3, 0]])
})

test('an acknowledgement that is there before the command counts for its phase', () => {
  const { aggregator, take, open, ranks } = aggregatorOf()
  for (const seq of [7, 8]) {
    take(1, ackOf(1, seq), ackOf(2, seq))
    open(seq)
    take(3, ackOf(3, seq))
    aggregator.answer(ackOf(0, seq))
  }
  assert.equal(ranks(), [
    [1, 2],
    [3, 0],
    [1, 2],
    [3, 0]
  ])
})

test('a repeated acknowledgement goes up again, and does not count for the next phase', () => {
  const { aggregator, take, open, ranks } = aggregatorOf()
  open(7)
  open(7, { attempt: 1 })
  aggregator.answer(ackOf(0, 7))
  take(3, ackOf(3, 7))
  take(1, ackOf(1, 7), ackOf(2, 7))
  take(3, ackOf(3, 7))
  assert.equal(ranks(), [[0, 3, 1, 2], [3]])
  open(8)
  aggregator.answer(ackOf(0, 8))
  take(1, ackOf(1, 8), ackOf(2, 8))
  assert.is(ranks().length, 2, 'it waits for m3')
  take(3, ackOf(3, 8))
  assert.equal(ranks()[2], [0, 1, 2, 3])
})

test('what it has of one phase goes up before the next one opens, and before it stops', () => {
  const { aggregator, sent, take, open, ranks, closed } = aggregatorOf()
  open(7)
  take(3, ackOf(3, 7))
  open(8)
  take(1, ackOf(1, 8))
  aggregator.stop()
  assert.equal(ranks(), [[3], [1]])
  assert.equal(
    sent.map(({ seq }) => seq),
    [7, 8]
  )
  assert.equal(closed, [run])
  mock.timers.tick(1_000)
  assert.is(sent.length, 2)
})

test('it accepts the streams of those directly below it, and of nobody else, with its own lease and clock', () => {
  const { handlers } = aggregatorOf()
  assert.equal(
    [0, 1, 2, 3, 4].map(rank => handlers.admits(peers[rank] as string)),
    [false, true, false, true, false]
  )
  assert.equal([handlers.leaseIntervalMs, handlers.now?.()], [1_000, 17])
})

test('what it has is cut into batches that fit into a frame', () => {
  const many = Array.from({ length: 400 }, newSigner)
  const [self = '', ...others] = many.map(({ peer }) => peer)
  const sent: Envelope[][] = []
  let handlers: RunStreamHandlers | undefined
  const server = {
    open: (_: string, each: RunStreamHandlers) => {
      handlers = each
    },
    close: () => {}
  }
  const aggregator = new Aggregator({
    ...{ run, self, children: subtreesOf(others, 1_000), server, leaseIntervalMs: 1_000, now: () => 0 },
    send: acks => void sent.push(acks)
  })
  aggregator.start()
  aggregator.open({ ...goodCommand, to: undefined, seq: 7 })
  const warnings = Array.from({ length: 3 }, () => 'w'.repeat(900))
  for (const signer of many) {
    const ack = seal(ackSubject, { ...goodAck, seq: 7, warnings }, signer)
    if (signer === many[0]) aggregator.answer(ack)
    else handlers?.onAcks(signer.peer, [ack])
  }
  assert.is(sent.flat().length, 400)
  assert.is(new Set(sent.flat().map(({ by }) => by)).size, 400)
  for (const batch of sent) {
    assert.ok(batch.length <= MAX_BATCH_ACKS)
    assert.ok(batch.reduce((sum, { body }) => sum + body.length, 0) <= MAX_BATCH_BYTES)
  }
})
test.run()
