import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Branch } from '../../node/channels/aggregator.ts'
import type { Door } from '../../node/channels/run-stream-server.ts'
import { branchesOf, placeOf, type Branch as Shape } from '../../node/channels/tree.ts'
import { type Signed, seal } from '../../protocols/envelope.ts'
import { type Ack, type Answers, ackSubject, commandSubject, unbundle } from '../../protocols/phase.ts'
import { type FromMember } from '../../protocols/run-stream.ts'
import { newSigner } from '../helpers/streams.ts'
import { controller, ack as goodAck, command as goodCommand, run } from '../protocols/samples.ts'

const test = suite('the head of a branch')
test.before.each(() => mock.timers.enable({ apis: ['setTimeout'] }))
test.after.each(() => mock.timers.reset())

const signers = Array.from({ length: 5 }, newSigner)
const peers = signers.map(({ peer }) => peer)
const ranks = new Map(peers.map((peer, rank) => [peer, rank]))
const leaf = (rank: number, below: Shape[] = []): Shape => ({ head: peers[rank] as string, below })
/** The first has the second and the fourth below it, and the second the third. */
const tree = [leaf(0, [leaf(1, [leaf(2)]), leaf(3)]), leaf(4)]
const fields = { run, epoch: goodCommand.epoch, phase: goodCommand.phase, subject: goodCommand.subject }

/** The head of the first branch, with what it sent up, and whom it told. */
function head(rank = 0) {
  const place = placeOf(peers[rank] as string, tree)
  assert.ok(place != null)
  const sent: FromMember[] = []
  const told: string[][] = []
  const away = new Set<string>()
  let door: Door | undefined
  const inbox = {
    open: (_: string, each: Door) => {
      door = each
    },
    close: () => {},
    tell: (_: string, to: Iterable<string>) => {
      told.push([...to].map(peer => `m${ranks.get(peer)}`))
      return [...to].filter(peer => !away.has(peer))
    }
  }
  const branch = new Branch({
    ...{ run, self: peers[rank] as string, place, ranks, inbox, pulse: 1_000 },
    send: message => sent.push(message)
  })
  branch.start()
  return {
    branch,
    sent,
    told,
    away,
    door: door as unknown as Door,
    pass(seq: number, change: object = {}) {
      const command = { ...goodCommand, to: undefined, seq, ...change }
      branch.pass(command, seal(commandSubject, command, controller))
    }
  }
}

function ackOf(rank: number, seq: number, change: Partial<Ack> = {}): Signed<Ack> {
  const signer = signers[rank] as (typeof signers)[number]
  const value = { ...goodAck, ...fields, seq, ...change }
  return { by: signer.peer, value, envelope: seal(ackSubject, value, signer) }
}

/** Ranks that a message says ok for, once its bundles are seen to hold just their answers. */
function gathered(message: FromMember | undefined): number[] {
  assert.is(message?.type, 'answers')
  return (message as Answers).bundles.flatMap(({ ranks: theirs, sealed }) => {
    assert.equal(
      unbundle(sealed).map(({ by }) => ranks.get(by)),
      theirs
    )
    return theirs
  })
}

test('hands a command to those below it, and sends all answers up in one message when the last has come', () => {
  const { branch, sent, told, door, pass } = head()
  pass(7)
  assert.equal(told, [['m1', 'm3']])
  assert.ok(branch.answer(ackOf(0, 7)))
  assert.is(door.onAck(ackOf(3, 7)), undefined)
  assert.equal(sent, [])
  const [from] = [peers[1] as string]
  const other = head(1)
  other.pass(7)
  other.branch.answer(ackOf(1, 7))
  other.door.onAck(ackOf(2, 7))
  assert.is(door.onAnswers(from, other.sent[0] as Answers), undefined)
  assert.is(sent.length, 1)
  assert.equal(gathered(sent[0]).sort(), [0, 1, 2, 3])
})

test('one that is slow holds up the others a tenth of a second', () => {
  const { branch, sent, door, pass } = head()
  pass(7)
  branch.answer(ackOf(0, 7))
  mock.timers.tick(60)
  door.onAck(ackOf(3, 7))
  mock.timers.tick(39)
  assert.equal(sent, [])
  mock.timers.tick(1)
  assert.equal(sent.map(gathered), [[0, 3]])
  mock.timers.tick(1_000)
  assert.is(sent.length, 1)
})

test('an answer that is not ok, or long, goes up at once and as it is', () => {
  const { sent, door, pass } = head()
  pass(7)
  const failed = ackOf(3, 7, { outcome: 'failed', code: 'tool-failed', reason: 'it did not start' })
  door.onAck(failed)
  assert.equal(sent, [{ type: 'ack', sealed: failed.envelope }])
  pass(8)
  const long = ackOf(3, 8, { warnings: Array.from({ length: 10 }, () => 'x'.repeat(1_000)) })
  door.onAck(long)
  assert.equal(sent[1], { type: 'ack', sealed: long.envelope })
})

test('whom it cannot tell it says at once, with all below, and again when a line is gone', () => {
  const { sent, door, pass, away } = head()
  away.add(peers[1] as string)
  pass(7)
  assert.equal(sent, [{ type: 'answers', seq: 7, bundles: [], unheard: [1, 2] }])
  door.onClose(peers[3] as string)
  assert.equal(sent[1], { type: 'answers', seq: 7, bundles: [], unheard: [3] })
})

test('a repeat reaches those who have not answered, a line that opens the open command', () => {
  const { told, door, pass } = head()
  pass(7)
  door.onAck(ackOf(3, 7))
  pass(7, { attempt: 1 })
  door.onOpen(peers[1] as string)
  assert.equal(told, [['m1', 'm3'], ['m1'], ['m1']])
})

test('waits for nobody whom the command does not name', () => {
  const { branch, sent, told, pass } = head()
  pass(7, { to: [peers[0], peers[3]] })
  branch.answer(ackOf(0, 7))
  assert.equal(told, [['m3']])
  mock.timers.tick(100)
  assert.equal(gathered(sent[0]), [0])
})

test('answers of another phase, and for who is not below, are refused', () => {
  const { door, pass } = head()
  pass(7)
  assert.is(door.onAck(ackOf(3, 6))?.code, 'phase-closed')
  assert.is(door.onAck(ackOf(3, 7, { subject: 'f'.repeat(64) }))?.code, 'phase-closed')
  const answers = { type: 'answers' as const, bundles: [], unheard: [] }
  assert.is(door.onAnswers(peers[1] as string, { ...answers, seq: 6 })?.code, 'phase-closed')
  assert.is(door.onAnswers(peers[1] as string, { ...answers, seq: 7, unheard: [3] })?.code, 'not-allowed')
  assert.equal(
    [0, 1, 2, 3, 4].map(rank => door.admits(peers[rank] as string)),
    [false, true, false, true, false]
  )
  assert.ok(door.speaksFor(peers[1] as string, peers[2] as string))
  assert.not(door.speaksFor(peers[3] as string, peers[2] as string))
})

test('what is gathered is cut into bundles and messages that fit a frame', () => {
  const many = Array.from({ length: 400 }, newSigner)
  const all = many.map(({ peer }) => peer)
  const place = placeOf(all[0] as string, [{ head: all[0] as string, below: branchesOf(all.slice(1), 1_000) }])
  const sent: Answers[] = []
  let door: Door | undefined
  const inbox = {
    open: (_: string, each: Door) => {
      door = each
    },
    close: () => {},
    tell: (_: string, to: Iterable<string>) => [...to]
  }
  const big = new Branch({
    ...{ run, self: all[0] as string, place: place as NonNullable<typeof place>, inbox, pulse: 1_000 },
    ranks: new Map(all.map((peer, rank) => [peer, rank])),
    send: message => sent.push(message as Answers)
  })
  big.start()
  const command = { ...goodCommand, to: undefined, seq: 7 }
  big.pass(command, seal(commandSubject, command, controller))
  const warnings = Array.from({ length: 3 }, () => 'w'.repeat(900))
  for (const signer of many) {
    const value = { ...goodAck, ...fields, seq: 7, warnings }
    const ack = { by: signer.peer, value, envelope: seal(ackSubject, value, signer) }
    if (signer === many[0]) big.answer(ack)
    else door?.onAck(ack)
  }
  const bundles = sent.flatMap(each => each.bundles)
  assert.is(bundles.flatMap(each => each.ranks).length, 400)
  assert.ok(bundles.every(({ sealed }) => sealed.length <= 64 * 1024))
  for (const each of sent) assert.ok(each.bundles.reduce((sum, { sealed }) => sum + sealed.length, 0) <= 192 * 1024)
})
test.run()
