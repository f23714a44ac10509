import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Notices, type NoticesInit } from '../../node/run/notices.ts'
import type { Heard } from '../../node/run/run-feed.ts'
import { type Envelope, open } from '../../protocols/envelope.ts'
import { type ClosedPhase, noticeSubject } from '../../protocols/notice.ts'
import { controller, member, notice, run } from '../protocols/samples.ts'

const test = suite('notices')
test.before.each(() => mock.timers.enable({ apis: ['setTimeout'] }))
test.after.each(() => mock.timers.reset())

const closed = (seq: number): ClosedPhase => ({ ...(notice.phases[0] as ClosedPhase), seq })

/**
 * What is told: the numbers of the phases that each notice tells of.
 * @param lines of which of the mesh's peers, beside the controller, are open
 */
function noticesOf({ lines = [] as string[], others = ['a', 'b'], fanout = 64 } = {}) {
  const said: Array<{ envelope: Envelope; toMesh: boolean }> = []
  const told: string[] = []
  const say = ({ signed: { envelope } }: Heard, { toMesh = true } = {}) => void said.push({ envelope, toMesh })
  const here = [controller.peer, ...others]
  const members = {
    list: () => [...here, 'gone'].map(peer => ({ peer })),
    isHere: (peer: string) => here.includes(peer)
  }
  const parts = {
    ...{ signer: controller, follow: { say }, members },
    inbox: {
      isOpen: (_: string, peer: string) => lines.includes(peer),
      tell: (_: string, peers: string[]) => {
        told.push(...peers)
        return peers
      }
    }
  }
  const order = { run, epoch: 1, spec: { policy: { fanout } } }
  const notices = new Notices({ order, parts } as unknown as NoticesInit)
  const values = () => said.map(({ envelope }) => open(noticeSubject, envelope).value)
  const seqs = () => values().map(({ phases }) => phases.map(({ seq }) => seq))
  return { notices, values, seqs, told, gossiped: () => said.map(({ toMesh }) => toMesh) }
}

test('where all peers of the mesh have lines they are told over those, and not by gossip', () => {
  const { notices, seqs, told, gossiped } = noticesOf({ lines: ['a', 'b'] })
  notices.add(closed(1), [])
  notices.flush()
  assert.equal([seqs(), told, gossiped()], [[[1]], ['a', 'b'], [false]])
})

test('where one has none, or they are many, all are told by gossip', () => {
  for (const mesh of [{ lines: ['a'] }, { lines: ['a', 'b'], fanout: 1 }]) {
    const { notices, told, gossiped } = noticesOf(mesh)
    notices.add(closed(1), [])
    notices.flush()
    assert.equal([told, gossiped()], [[], [true]])
  }
})

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
