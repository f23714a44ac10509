import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Heard } from '../../node/run/follow.ts'
import { Notices } from '../../node/run/notices.ts'
import { open } from '../../protocols/envelope.ts'
import { type ClosedPhase, noticeSubject } from '../../protocols/notice.ts'
import { controller, member, notice, run } from '../protocols/samples.ts'

const test = suite('notices')
test.before.each(() => mock.timers.enable({ apis: ['setTimeout'] }))
test.after.each(() => mock.timers.reset())

const closed = (seq: number): ClosedPhase => ({ ...(notice.phases[0] as ClosedPhase), seq })

/** What the mesh hears: the numbers of the phases that each notice tells of. */
function noticesOf() {
  const said: Heard[] = []
  const follow = { say: (heard: Heard) => void said.push(heard) }
  const notices = new Notices({ run, epoch: 1, signer: controller, follow })
  const values = () => said.map(({ signed: { envelope } }) => open(noticeSubject, envelope).value)
  return { notices, values, seqs: () => values().map(({ phases }) => phases.map(({ seq }) => seq)) }
}

test('what can wait is not told while the mesh is to be spared, and right after', () => {
  const { notices, seqs } = noticesOf()
  const real = performance.now
  // whole: sums of fractions come out a little too late
  let clock = Math.ceil(real.call(performance))
  performance.now = () => clock
  const pass = (ms: number) => {
    clock += ms
    mock.timers.tick(ms)
  }
  try {
    notices.add(closed(1), [])
    pass(900)
    notices.spare(300)
    pass(100)
    assert.equal(seqs(), [])
    pass(200)
    assert.equal(seqs(), [[1]])
    notices.spare(300)
    notices.add(closed(2), [])
    notices.flush()
    assert.equal(seqs(), [[1], [2]])
  } finally {
    performance.now = real
  }
})

test('phases that end within a second are told of together, a second after the first', () => {
  const { notices, seqs } = noticesOf()
  notices.add(closed(1), [])
  mock.timers.tick(400)
  notices.add(closed(2), [])
  mock.timers.tick(599)
  assert.equal(seqs(), [])
  mock.timers.tick(1)
  assert.equal(seqs(), [[1, 2]])
  mock.timers.tick(10_000)
  assert.equal(seqs(), [[1, 2]])
  notices.add(closed(3), [])
  mock.timers.tick(1_000)
  assert.equal(seqs(), [[1, 2], [3]])
})

test('what is in a hurry is told at once, with all that waits, and nothing is told twice', () => {
  const { notices, seqs, values } = noticesOf()
  notices.flush()
  notices.add(closed(1), [member.peer])
  notices.flush([member.peer])
  mock.timers.tick(10_000)
  assert.equal(seqs(), [[1]])
  assert.equal(values()[0]?.members, [member.peer])
  assert.equal(values()[0]?.holders, [member.peer])
})

test('one notice tells of so many phases at most', () => {
  const { notices, seqs } = noticesOf()
  for (let seq = 1; seq <= 130; seq++) notices.add(closed(seq), [])
  mock.timers.tick(1_000)
  assert.equal(
    seqs().map(each => each.length),
    [64, 64, 2]
  )
})

test.run()
