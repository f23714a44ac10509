import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Aggregation } from '../../node/channels/aggregation.ts'
import { createLog } from '../../node/log.ts'
import { OpenPhase } from '../../node/run/open-phase.ts'
import { type Envelope, seal } from '../../protocols/envelope.ts'
import { type Ack, type Answers, ackSubject, bundleOf, type Command } from '../../protocols/phase.ts'
import { newSigner, stayAwake } from '../helpers/streams.ts'
import { controller, ack as goodAck, command as goodCommand, run, specOf } from '../protocols/samples.ts'

const test = suite('what heads of branches do for a controller')
test.after(stayAwake())

/** m0 tells m1; m2 tells m3 and m4; m5 tells m6 and m7. */
const signers = Array.from({ length: 8 }, newSigner)
const peers = signers.map(({ peer }) => peer)
const command: Command = { ...goodCommand, to: undefined, deadline: 0 }

function ackOf(rank: number, change: Partial<Ack> = {}): Envelope {
  const { run, epoch, seq, phase, subject } = command
  const value: Ack = { ...goodAck, run, epoch, seq, phase, subject, ...change }
  return seal(ackSubject, value, signers[rank] as (typeof signers)[number])
}

const answersOf = (ranks: number[], change: Partial<Answers> = {}): Answers => ({
  ...{ type: 'answers', seq: command.seq, unheard: [] },
  bundles: [{ ranks, sealed: bundleOf(ranks.map(rank => ackOf(rank))) }],
  ...change
})

function phase() {
  const told: string[][] = []
  const opened: string[] = []
  const alone: string[] = []
  const record = { manifest: command.subject, roster: peers.map(peer => ({ peer })) }
  const order = { run, spec: specOf({ policy: { fanout: 3 } }) }
  const inbox = { isOpen: () => true }
  const open = new OpenPhase({
    ...{ command, needed: 8, cleanup: false, grace: 0, repeat: false },
    asked: new Map(peers.map((peer, rank) => [peer, `m${rank}`])),
    publish: (each, waiting) => told.push(gathering.lines(each, waiting).map(peer => `m${peers.indexOf(peer)}`)),
    isHere: () => true,
    onAnswer: () => {}
  })
  const gathering = new Aggregation({
    order: order as never,
    record: record as never,
    parts: { inbox: inbox as never, signer: controller, log: createLog('error', () => {}) },
    isExcluded: () => false,
    answer: ack => {
      alone.push(`m${peers.indexOf(ack.by)}`)
      return open.answer(ack)
    }
  })
  gathering.begin(command, ({ by }) => opened.push(`m${peers.indexOf(by)}`))
  const closed = open.run()
  const take = (rank: number, answers: Answers) => gathering.take(open, peers[rank] as string, answers)
  return { open, gathering, take, told, opened, alone, closed }
}

test('three messages are enough for the answers of eight, which are opened in the order in which they came', async () => {
  const { take, closed, gathering, told, opened } = phase()
  assert.equal(told, [['m0', 'm2', 'm5']])
  for (const [head, ranks] of [
    [5, [7, 5, 6]],
    [0, [0, 1]],
    [2, [2, 4, 3]]
  ] as const)
    assert.is(take(head, answersOf([...ranks])), undefined)
  const { verdict, ok, acks, bundles } = await closed
  assert.equal([verdict, ok, acks.length, bundles.length], ['met', 8, 0, 3])
  assert.is((await gathering.opened())?.length, 8)
  assert.equal(opened, ['m7', 'm5', 'm6', 'm0', 'm1', 'm2', 'm4', 'm3'])
})

test('whom a head cannot tell is told directly, once', () => {
  const { take, told, open } = phase()
  const unheard = { bundles: [], unheard: [3, 4] }
  for (let i = 0; i < 2; i++) assert.is(take(2, answersOf([], unheard)), undefined)
  assert.equal(told, [
    ['m0', 'm2', 'm5'],
    ['m3', 'm4']
  ])
  open.close()
})

test('answers that came another way, too, are opened one by one, and count once', async () => {
  const { take, closed, alone } = phase()
  take(2, answersOf([3]))
  take(2, answersOf([2, 3, 4]))
  take(5, answersOf([5, 6, 7]))
  take(0, answersOf([0, 1]))
  const { ok, acks } = await closed
  assert.equal([ok, alone], [8, ['m2', 'm3', 'm4']])
  assert.equal(acks.map(({ by }) => peers.indexOf(by)).sort(), [2, 4])
})

test('a head answers for nobody but itself and those below it, and for the open phase only', () => {
  const { take, open } = phase()
  assert.is(take(2, answersOf([1]))?.code, 'not-allowed')
  assert.is(take(3, answersOf([4]))?.code, 'not-allowed')
  assert.is(take(2, answersOf([], { bundles: [], unheard: [6] }))?.code, 'not-allowed')
  assert.is(take(2, answersOf([], { bundles: [{ ranks: [999], sealed: bundleOf([]) }] }))?.code, 'not-allowed')
  assert.is(take(2, answersOf([3], { seq: 4 }))?.code, 'phase-closed')
  open.close()
})

test('who passes on what is no answer is named, for every way to lie', async () => {
  const stranger = newSigner()
  const lies: Array<[Envelope[] | Uint8Array, RegExp]> = [
    [[ackOf(2), ackOf(4)], /no answer ok of/],
    [[ackOf(2), ackOf(3, { seq: 1 })], /no answer ok of/],
    [[ackOf(2), ackOf(3, { outcome: 'failed' })], /no answer ok of/],
    [[ackOf(2)], /1 answers are called 2/],
    [[ackOf(2), { ...ackOf(3), signature: ackOf(2).signature }], /signature of/],
    [[ackOf(2), { ...seal(ackSubject, goodAck, stranger), by: peers[3] as string }], /signature of/],
    [Buffer.from('nothing'), /not a message/]
  ]
  for (const [lie, fault] of lies) {
    const { take, gathering, open } = phase()
    const sealed = lie instanceof Uint8Array ? lie : bundleOf(lie)
    take(2, answersOf([], { bundles: [{ ranks: [2, 3], sealed }] }))
    const error = await gathering.opened()?.catch(cause => cause)
    assert.match(error.message, fault)
    assert.ok(error.message.startsWith(`${peers[2]} passed on a false answer`), error.message)
    open.close()
  }
})
test.run()
