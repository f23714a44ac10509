import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Members } from '../../node/mesh/membership/members.ts'
import { Notices, type NoticesRun } from '../../node/run/notices.ts'
import type { RunFeed } from '../../node/run/run-feed.ts'
import type { MemberView } from '../../protocols/control.ts'
import { open } from '../../protocols/envelope.ts'
import { type ClosedPhase, type Notice, noticeSubject } from '../../protocols/notice.ts'
import { fake } from '../helpers/run.ts'
import { controller, member, notice, run } from '../protocols/samples.ts'

const test = suite('notices')
test.before.each(() => mock.timers.enable({ apis: ['setTimeout'] }))
test.after.each(() => mock.timers.reset())

const closed = (seq: number): ClosedPhase => ({ ...(notice.phases[0] as ClosedPhase), seq })

/** The notices of one run, as they are published. @param beyond peers that one hop does not reach */
function noticesOf({ beyond = [] as string[] } = {}) {
  const values: Notice[] = []
  const here = [controller.peer, 'a', 'b']
  const feed = fake<RunFeed>({
    publish: ({ signed: { envelope } }) => void values.push(open(noticeSubject, envelope).value),
    reaches: (peers, of) => of == null && peers.every(peer => !beyond.includes(peer))
  })
  const members = fake<Members>({
    list: () => [...here, 'gone'].map(peer => ({ peer }) as MemberView),
    isHere: peer => here.includes(peer)
  })
  const order = { run, epoch: 1 } as NoticesRun['order']
  const notices = new Notices({ order, parts: { signer: controller, feed, members } })
  const seqs = () => values.map(({ phases }) => phases.map(({ seq }) => seq))
  return { notices, values, seqs }
}

test('a notice is of one hop where that reaches every other peer that is here', () => {
  const oneHops = [[], ['gone'], [controller.peer], ['a']].map(beyond => {
    const { notices, values } = noticesOf({ beyond })
    notices.add(closed(1), [])
    notices.flush()
    return values.map(({ oneHop }) => oneHop)
  })
  assert.equal(oneHops, [[true], [true], [true], [undefined]])
})

test('what can wait is not published while members start their tools, but right after', () => {
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
    notices.hold(300)
    pass(100)
    assert.equal(seqs(), [])
    pass(200)
    assert.equal(seqs(), [[1]])
    notices.hold(300)
    notices.add(closed(2), [])
    notices.flush()
    assert.equal(seqs(), [[1], [2]])
  } finally {
    performance.now = real
  }
})

test('phases that end within a second share a notice, a second after the first', () => {
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

test('what cannot wait is published at once, with all that waits, and nothing twice', () => {
  const { notices, seqs, values } = noticesOf()
  notices.flush()
  notices.add(closed(1), [member.peer])
  notices.flush([member.peer])
  mock.timers.tick(10_000)
  assert.equal(seqs(), [[1]])
  assert.equal(values[0]?.members, [member.peer])
  assert.equal(values[0]?.holders, [member.peer])
})

test('a notice has at most 64 phases', () => {
  const { notices, seqs } = noticesOf()
  for (let seq = 1; seq <= 130; seq++) notices.add(closed(seq), [])
  mock.timers.tick(1_000)
  assert.equal(
    seqs().map(each => each.length),
    [64, 64, 2]
  )
})

test.run()
