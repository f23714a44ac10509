import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Closed, OpenPhase, type OpenPhaseInit } from '../../node/run/open-phase.ts'
import { type Signed, seal } from '../../protocols/envelope.ts'
import { type Ack, ackSubject, type Command } from '../../protocols/phase.ts'
import { ack as goodAck, command as goodCommand, member } from '../protocols/samples.ts'

const test = suite('an open phase')
test.before.each(() => mock.timers.enable({ apis: ['setTimeout'] }))
test.after.each(() => mock.timers.reset())

const turn = () => new Promise(setImmediate)

/** A phase that asks `a`, `b`, `c`, with all that it published and who is here. */
function phaseOf(init: Partial<OpenPhaseInit> = {}, change: Partial<Command> = {}) {
  const names = new Map(['a', 'b', 'c'].map(name => [`id-of-${name}`, name]))
  const published: Command[] = []
  const answered: string[] = []
  const gone = new Set<string>()
  const command = { ...goodCommand, deadline: 10_000, ...change }
  const open = new OpenPhase({
    command,
    asked: names,
    needed: 3,
    cleanup: false,
    grace: 0,
    repeat: true,
    patience: 0,
    publish: each => published.push(each),
    isHere: peer => !gone.has(peer),
    onAnswer: ({ by }) => answered.push(by),
    ...init
  })
  let closed: Closed | undefined
  open.run().then(how => {
    closed = how
  })
  return {
    open,
    published,
    answered,
    answer: (name: string, value: Partial<Ack> = {}) => open.answer(ackOf(name, value)),
    /** The peer cannot be reached from now on, or can again. */
    lose: (name: string) => gone.add(`id-of-${name}`),
    find: (name: string) => gone.delete(`id-of-${name}`),
    closed: async () => {
      await turn()
      return closed
    },
    /** Who is missing and why: `b timeout`. */
    missing: async () => {
      await turn()
      return closed?.missing.map(({ name, code }) => `${name} ${code}`)
    }
  }
}

function ackOf(name: string, change: Partial<Ack>): Signed<Ack> {
  const value = { ...goodAck, ...change }
  return { by: `id-of-${name}`, value, envelope: seal(ackSubject, value, member) }
}

test('publishes the command again at 250, 500, 1,000 and then every 2,000 ms, and counts the attempts', () => {
  const { published } = phaseOf({}, { deadline: 0 })
  const times: number[] = []
  for (let at = 0, seen = 0; at <= 10_000; at += 50) {
    for (; seen < published.length; seen++) times.push(at)
    mock.timers.tick(50)
  }
  assert.equal(times, [0, 250, 750, 1_750, 3_750, 5_750, 7_750, 9_750])
  assert.equal(
    published.map(each => each.attempt),
    [...published.keys()]
  )
  assert.equal(
    published.map(each => ({ ...each, attempt: 0 })),
    published.map(() => ({ ...goodCommand, deadline: 0, attempt: 0 }))
  )
})

test('where answers take longer, the first repeat waits for so much longer', () => {
  const { published } = phaseOf({ patience: 400 })
  const at: number[] = []
  for (let ms = 0; ms <= 2_000; ms += 50) {
    if (published.length > at.length) at.push(ms)
    mock.timers.tick(50)
  }
  assert.equal(at, [0, 650, 1_150])
})

test('where this peer is the only addressee nothing is repeated', () => {
  const { published } = phaseOf({ repeat: false }, { deadline: 0 })
  for (let i = 0; i < 9; i++) mock.timers.tick(1_000)
  assert.equal(
    published.map(each => each.attempt),
    [0]
  )
})

test('a false answer does not count, and none is waited for', async () => {
  for (const [needed, verdict] of [
    [2, 'met'],
    [3, 'failed']
  ] as const) {
    const { open, answer, closed, missing } = phaseOf({ needed })
    answer('a')
    assert.ok(open.expects(ackOf('c', {})))
    assert.not(open.expects(ackOf('c', { seq: 99 })))
    open.reject('id-of-c', 'mismatch', 'it announced x, which did not arrive')
    assert.not(open.expects(ackOf('c', {})))
    answer('b')
    answer('c')
    assert.is((await closed())?.verdict, verdict)
    assert.equal(await missing(), ['c mismatch'])
    assert.equal(
      (await closed())?.acks.map(({ by }) => by).sort(),
      ['id-of-a', 'id-of-b'].slice(0, verdict === 'met' ? 2 : 1)
    )
  }
})

test('each attempt is for those without an answer', () => {
  const waited: string[][] = []
  const { answer } = phaseOf({ publish: (_, waiting) => void waited.push(waiting) })
  answer('a')
  mock.timers.tick(250)
  assert.equal(waited, [
    ['id-of-a', 'id-of-b', 'id-of-c'],
    ['id-of-b', 'id-of-c']
  ])
})

test('of a run that cannot begin, all who refuse it in the next moments are named', async () => {
  const refusal = { outcome: 'refused' as const, code: 'tool-unavailable' as const, reason: 'nosuch not found' }
  const { answer, closed, missing } = phaseOf({}, { phase: 'join' })
  answer('b', { ...refusal, phase: 'join' })
  mock.timers.tick(100)
  assert.is(await closed(), undefined)
  answer('c', { ...refusal, phase: 'join' })
  mock.timers.tick(399)
  assert.is(await closed(), undefined)
  mock.timers.tick(1)
  assert.equal(await missing(), ['b tool-unavailable', 'c tool-unavailable'], 'who says nothing is not at fault')
  const all = phaseOf({}, { phase: 'join' })
  for (const name of ['a', 'b', 'c']) all.answer(name, { ...refusal, phase: 'join' })
  assert.is((await all.missing())?.length, 3, 'when all have answered nobody is waited for')
  const later = phaseOf()
  later.answer('b', { outcome: 'failed', code: 'io', reason: 'x' })
  assert.is((await later.closed())?.verdict, 'failed', 'in a later phase it ends at once')
})

test('a peer that may have missed the command has it repeated, but not while the last attempt is on its way', () => {
  const waited: string[][] = []
  const real = performance.now
  let clock = Math.round(real.call(performance))
  performance.now = () => clock
  const pass = (ms: number) => {
    clock += ms
    mock.timers.tick(ms)
  }
  try {
    const { open, answer } = phaseOf({
      publish: ({ attempt }, waiting) => void waited.push([`${attempt}`, ...waiting])
    })
    answer('a')
    pass(249)
    open.republish('id-of-b')
    assert.is(waited.length, 1)
    pass(1)
    pass(250)
    for (const peer of ['id-of-a', 'id-of-z', 'id-of-b', 'id-of-c']) open.republish(peer)
    assert.equal(waited.slice(1), [
      ['1', 'id-of-b', 'id-of-c'],
      ['2', 'id-of-b', 'id-of-c']
    ])
    pass(999)
    assert.is(waited.length, 3, 'the next repeat counts from then')
    pass(1)
    assert.is(waited.length, 4)
    for (const name of ['b', 'c']) answer(name)
    pass(5_000)
    open.republish('id-of-b')
    assert.is(waited.length, 4)
  } finally {
    performance.now = real
  }
})

test('an answer of a peer that was not asked changes nothing', () => {
  const { answer, answered } = phaseOf()
  answer('z')
  answer('a')
  assert.equal(answered, ['id-of-a'])
})

test('is met when all have answered, and is silent from then on', async () => {
  const { answer, closed, published, answered } = phaseOf()
  for (const name of ['b', 'c']) assert.is(answer(name), undefined)
  assert.is(await closed(), undefined)
  answer('a')
  const { verdict, missing, acks } = (await closed()) as Closed
  assert.is(verdict, 'met')
  assert.equal(missing, [])
  assert.equal(
    acks.map(each => each.by),
    ['id-of-b', 'id-of-c', 'id-of-a']
  )
  assert.equal(answered, ['id-of-b', 'id-of-c', 'id-of-a'])
  mock.timers.tick(60_000)
  assert.is(published.length, 1)
})

test('the same answer twice counts once, and a second that says otherwise changes nothing', async () => {
  const { answer, closed, answered } = phaseOf()
  assert.is(answer('a'), undefined)
  assert.is(answer('a'), undefined)
  assert.is(answer('a', { outcome: 'failed', code: 'tool-failed' }), undefined)
  assert.equal(answered, ['id-of-a'])
  for (const name of ['b', 'c']) answer(name)
  const { verdict, acks } = (await closed()) as Closed
  assert.is(verdict, 'met')
  assert.equal(
    acks.map(each => each.value.outcome),
    ['ok', 'ok', 'ok']
  )
})

const refused: Array<[title: string, change: Partial<Ack>, code: string]> = [
  ['another sequence number', { seq: 4 }, 'phase-closed'],
  ['a sequence number to come', { seq: 6 }, 'phase-closed'],
  ['another phase', { phase: 'stop' }, 'phase-closed'],
  ['another run', { run: '20261122T213015-aaaaaa' }, 'phase-closed'],
  ['an old epoch', { epoch: 0 }, 'phase-closed'],
  ['an epoch to come', { epoch: 2 }, 'phase-closed'],
  ['another manifest', { subject: 'f'.repeat(64) }, 'wrong-manifest']
]
for (const [title, change, code] of refused) {
  test(`an answer for ${title} is refused as ${code}, and does not count`, async () => {
    const { answer, answered, closed } = phaseOf({ needed: 1, asked: new Map([['id-of-a', 'a']]) })
    assert.is(answer('a', change)?.code, code)
    assert.equal(answered, [])
    assert.is(await closed(), undefined)
    answer('a')
    assert.is((await closed())?.verdict, 'met')
  })
}

test('an answer of a peer that was not asked does not count', async () => {
  const { answer, answered, closed } = phaseOf({ needed: 1, asked: new Map([['id-of-a', 'a']]) })
  answer('b')
  assert.equal(answered, [])
  assert.is(await closed(), undefined)
  answer('a')
  assert.equal(
    (await closed())?.acks.map(each => each.by),
    ['id-of-a']
  )
})

test('ends at its deadline: met with a quorum, failed without, and names those without an answer', async () => {
  for (const [needed, verdict] of [
    [2, 'met'],
    [3, 'failed']
  ] as const) {
    const { answer, closed, missing } = phaseOf({ needed })
    for (const name of ['a', 'b']) answer(name)
    mock.timers.tick(9_999)
    assert.is(await closed(), undefined)
    mock.timers.tick(1)
    assert.is((await closed())?.verdict, verdict)
    assert.equal(await missing(), ['c timeout'])
  }
})

test('a deadline of 0 is never', async () => {
  const { closed } = phaseOf({ repeat: false }, { deadline: 0 })
  mock.timers.tick(2 ** 31)
  assert.is(await closed(), undefined)
})

test('a touch starts the deadline anew, with another length if one is given', async () => {
  const { open, closed } = phaseOf()
  mock.timers.tick(9_000)
  open.touch()
  mock.timers.tick(9_000)
  assert.is(await closed(), undefined)
  open.touch(500)
  mock.timers.tick(499)
  assert.is(await closed(), undefined)
  mock.timers.tick(1)
  assert.is((await closed())?.verdict, 'failed')
  open.touch()
})

test('a peer that prolongs its deadline prolongs that of no other', async () => {
  const { open, answer, closed, missing } = phaseOf({ needed: 1 })
  answer('a')
  mock.timers.tick(9_000)
  open.prolong('id-of-b')
  mock.timers.tick(1_000)
  assert.is(await closed(), undefined, 'b has 9 s left, c none')
  open.prolong('id-of-c')
  mock.timers.tick(8_999)
  assert.is(await closed(), undefined)
  mock.timers.tick(1)
  assert.is((await closed())?.verdict, 'met')
  assert.equal(await missing(), ['b timeout', 'c timeout'])
})

test('a peer that is late can still answer while others are waited for', async () => {
  const { open, answer, closed, missing } = phaseOf({ needed: 1 })
  answer('a')
  mock.timers.tick(9_000)
  open.prolong('id-of-b')
  mock.timers.tick(1_000)
  answer('c')
  assert.is(await closed(), undefined)
  answer('b')
  assert.is((await closed())?.verdict, 'met')
  assert.equal(await missing(), [])
})

test('nobody prolongs beyond the limit; a stranger, and who has answered, prolongs nothing', async () => {
  const { open, answer, closed } = phaseOf({ needed: 1, limit: 25_000 })
  answer('a')
  open.prolong('id-of-a')
  open.prolong('id-of-x')
  for (let i = 0; i < 4; i++) {
    mock.timers.tick(6_000)
    open.prolong('id-of-b')
    assert.is(await closed(), undefined)
  }
  mock.timers.tick(1_000)
  const { verdict, missing = [] } = (await closed()) ?? {}
  assert.is(verdict, 'met')
  assert.equal(
    missing.map(({ name, code, reason }) => [name, code, reason]),
    [
      ['b', 'timeout', 'it had not sent all after 25 s, the send_limit of the policy'],
      ['c', 'timeout', missing[1]?.reason]
    ]
  )
  assert.match(missing[1]?.reason as string, 'it did not answer within')
})

test('a peer that sends too slowly is told from one that is silent', async () => {
  const { open, answer, closed } = phaseOf({ needed: 1 })
  answer('a')
  open.prolong('id-of-b')
  open.blame('id-of-b', 'it sent 35 KiB/s')
  mock.timers.tick(10_000)
  assert.equal((await closed())?.missing.map(({ reason }) => reason)[0], 'it sent 35 KiB/s')
})

test('a peer that is back only after its deadline is late, and nobody waits for it', async () => {
  const { open, answer, lose, find, closed, missing } = phaseOf({ needed: 1 })
  answer('a')
  lose('c')
  open.checkReachable()
  open.prolong('id-of-b')
  mock.timers.tick(9_000)
  open.prolong('id-of-b')
  mock.timers.tick(1_000)
  find('c')
  open.checkReachable()
  answer('b')
  assert.is((await closed())?.verdict, 'met')
  assert.equal(await missing(), ['c timeout'])
})

test('fails at once when enough refused, with their own reasons', async () => {
  const { answer, closed, missing } = phaseOf({ needed: 2 })
  answer('a', { outcome: 'failed', code: 'tool-failed', reason: 'sar: exit 1' })
  assert.is(await closed(), undefined)
  answer('b', { outcome: 'refused', code: 'state', reason: 'not legal' })
  assert.is((await closed())?.verdict, 'failed')
  // who is still at it has done nothing wrong
  assert.equal(await missing(), ['a tool-failed', 'b state'])
  assert.is((await closed())?.missing[0]?.reason, 'sar: exit 1')
})

test('a peer that is lost is not waited for', async () => {
  const { open, answer, lose, closed, missing } = phaseOf({ needed: 2 })
  for (const name of ['a', 'b']) answer(name)
  lose('c')
  open.checkReachable()
  assert.is((await closed())?.verdict, 'met')
  assert.equal(await missing(), ['c lost'])
})

test('fails at once when too many are lost', async () => {
  const { open, lose, closed } = phaseOf({ needed: 2 })
  lose('b')
  open.checkReachable()
  assert.is(await closed(), undefined)
  lose('c')
  open.checkReachable()
  assert.is((await closed())?.verdict, 'failed')
})

test('a peer that was lost and is found again is waited for', async () => {
  const { open, answer, lose, find, closed } = phaseOf({ needed: 2 })
  lose('c')
  open.checkReachable()
  find('c')
  open.checkReachable()
  for (const name of ['a', 'b']) answer(name)
  assert.is(await closed(), undefined)
  answer('c')
  assert.equal((await closed())?.missing, [])
})

test('a peer that was lost and answers all the same has answered', async () => {
  const { open, answer, lose, closed } = phaseOf({ needed: 2 })
  lose('c')
  open.checkReachable()
  answer('c')
  for (const name of ['a', 'b']) answer(name)
  assert.is((await closed())?.verdict, 'met')
  assert.equal((await closed())?.missing, [])
})

test('a peer that answered and went has answered', async () => {
  const { open, answer, lose, closed } = phaseOf()
  answer('c')
  lose('c')
  open.checkReachable()
  for (const name of ['a', 'b']) answer(name)
  assert.is((await closed())?.verdict, 'met')
  assert.equal((await closed())?.missing, [])
})

test('within its grace nobody counts as lost; when it is over those who are still away do', async () => {
  const { open, answer, lose, find, closed, missing } = phaseOf({ needed: 2, grace: 5_000 })
  for (const name of ['b', 'c']) lose(name)
  open.checkReachable()
  assert.is(await closed(), undefined)
  find('b')
  for (const name of ['a', 'b']) answer(name)
  mock.timers.tick(4_999)
  assert.is(await closed(), undefined)
  mock.timers.tick(1)
  assert.is((await closed())?.verdict, 'met')
  assert.equal(await missing(), ['c lost'])
})

test('a peer that was lost has its own time to return; it is lost where that is over', async () => {
  const { open, answer, lose, find, closed, missing } = phaseOf({ needed: 2, mayReturnFor: () => 5_000 })
  for (const name of ['b', 'c']) {
    lose(name)
    open.checkReachable()
    mock.timers.tick(2_000)
  }
  find('b')
  open.checkReachable()
  for (const name of ['a', 'b']) answer(name)
  mock.timers.tick(2_999)
  open.checkReachable()
  assert.is(await closed(), undefined, 'another look does not begin its time anew')
  mock.timers.tick(1)
  assert.is((await closed())?.verdict, 'met')
  assert.equal(await missing(), ['c lost'])
})

test('a peer that returned and is lost again has all of its time again, and none where it has none', async () => {
  const { open, answer, lose, find, closed, missing } = phaseOf({
    needed: 1,
    mayReturnFor: peer => (peer === 'id-of-b' ? 0 : 5_000)
  })
  lose('c')
  open.checkReachable()
  mock.timers.tick(4_000)
  find('c')
  open.checkReachable()
  for (const name of ['b', 'c']) lose(name)
  open.checkReachable()
  answer('a')
  mock.timers.tick(4_000)
  assert.is(await closed(), undefined)
  mock.timers.tick(1_000)
  assert.is((await closed())?.verdict, 'met')
  assert.equal(await missing(), ['b lost', 'c lost'])
})

test('a peer that cannot be reached from the start is found without a change among the peers', async () => {
  const { closed, missing } = phaseOf({ isHere: () => false })
  mock.timers.tick(1)
  assert.is((await closed())?.verdict, 'failed')
  assert.equal(await missing(), ['a lost', 'b lost', 'c lost'])
})

test('while cleaning up it waits for everyone who can still answer, whatever was needed', async () => {
  const { answer, open, lose, closed } = phaseOf({ cleanup: true })
  answer('a', { outcome: 'failed' })
  lose('b')
  open.checkReachable()
  assert.is(await closed(), undefined)
  answer('c')
  assert.is((await closed())?.verdict, 'failed')
})

test('is closed with the answers that are there', async () => {
  const { open, answer, closed, missing } = phaseOf({ needed: 1 })
  answer('a')
  answer('b', { outcome: 'failed', code: 'tool-failed' })
  assert.is(await closed(), undefined)
  open.close()
  assert.is((await closed())?.verdict, 'met')
  // who has not answered yet has done nothing wrong
  assert.equal(await missing(), ['b tool-failed'])
  open.close()
})

test('with nobody to ask it is over as it is opened', async () => {
  assert.is((await phaseOf({ asked: new Map(), needed: 0 }).closed())?.verdict, 'met')
  assert.is((await phaseOf({ asked: new Map(), needed: 1 }).closed())?.verdict, 'failed')
})

test.run()
