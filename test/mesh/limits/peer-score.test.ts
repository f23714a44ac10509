import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { PeerScore, refuseCutOff, type Violation, violations } from '../../../node/mesh/limits/peer-score.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('peer score')
const MINUTE = 60_000
const [one, other] = [newSigner().peer, newSigner().peer]

function scored() {
  const log: string[] = []
  const closed: string[] = []
  const reported: string[] = []
  const clock = { now: 0 }
  const peerScore = new PeerScore({
    log: createLog('info', line => log.push(line)),
    now: () => clock.now,
    nameOf: peer => (peer === one ? 'node-x' : undefined)
  })
  let open = [1, 2].map(() => ({
    status: 'open',
    abort() {
      open = open.filter(each => each !== this)
      closed.push(one)
    }
  }))
  const getConnections = (peer: unknown) => (String(peer) === one ? open : [])
  peerScore.serve({ connectionManager: { getConnections } as never })
  peerScore.addEventListener('cut-off', ({ detail }) => reported.push(detail.peer))
  const violate = (peer: string, violation: Violation = 'bad-gossip') => {
    let times = 0
    for (; !peerScore.isCutOff(peer); times++) peerScore.note(peer, violation)
    return times
  }
  return { peerScore, clock, log, closed, reported, violate }
}

test('cuts off a peer that goes on: its connections are closed, and the log has one line with the peer and the reason', async () => {
  const { peerScore, log, closed, reported, violate } = scored()
  assert.is(violate(one), 10)
  assert.ok(peerScore.isCutOff(one))
  assert.not(peerScore.isCutOff(other))
  for (let i = 0; i < 1_000; i++) peerScore.note(one, 'bad-gossip')
  assert.equal(closed, [], 'not in the turn in which a stream may have been opened')
  for (let turns = 0; turns < 4; turns++) await new Promise(setImmediate)
  assert.equal(closed, [one, one])
  assert.equal(reported, [one])
  assert.is(log.length, 1)
  const words = violations['bad-gossip'].words
  assert.match(
    log[0] as string,
    `WARN from=${one} name=node-x code=bad-gossip why="${words}" seconds=60 msg="peer cut off"`
  )
})

test('lets points decay: an occasional mistake does no harm, however long it goes on', () => {
  const { peerScore, clock } = scored()
  for (let i = 0; i < 10_000; i++) {
    clock.now += 10_000
    peerScore.note(one, 'bad-gossip')
  }
  assert.not(peerScore.isCutOff(one))
  assert.ok(peerScore.points(one) < 95)
  clock.now += 60 * MINUTE
  assert.ok(peerScore.points(one) < 1e-6)
})

test('cuts off for twice as long each time, an hour at most; after a day without violations it begins anew', () => {
  const { peerScore, clock, violate } = scored()
  const lengths = Array.from({ length: 9 }, () => {
    violate(one)
    const began = clock.now
    while (peerScore.isCutOff(one)) clock.now += 1_000
    return (clock.now - began) / MINUTE
  })
  assert.equal(lengths, [1, 2, 4, 8, 16, 32, 60, 60, 60])
  clock.now += 86_400_001
  violate(one)
  clock.now += MINUTE
  assert.not(peerScore.isCutOff(one))
})

test('refuses a peer that is cut off whatever its proof, with the reason; later its proof is judged', () => {
  const { peerScore, clock, violate } = scored()
  const asked: string[] = []
  const admission = refuseCutOff(peerScore, {
    ownProofBytes: Uint8Array.of(7),
    judge: peer => {
      asked.push(peer)
      return undefined
    }
  })
  violate(one)
  const refusal = admission.judge(one, { at: 1 }, 1)
  assert.equal(refusal, { code: 'cut-off', reason: 'the peer sent too much and is cut off for another 60 s' })
  assert.is(admission.judge(other, { at: 1 }, 1), undefined)
  clock.now += MINUTE
  assert.is(admission.judge(one, { at: 1 }, 1), undefined)
  assert.equal(asked, [other, one])
  assert.equal(admission.ownProofBytes, Uint8Array.of(7))
})

test('takes violations that the caller has counted, and forgets the peers with the oldest violations', () => {
  const { peerScore } = scored()
  peerScore.note(one, 'too-much-gossip', 1_999)
  assert.not(peerScore.isCutOff(one))
  peerScore.note(one, 'too-much-gossip', 1)
  assert.ok(peerScore.isCutOff(one))
  for (let i = 0; i < 5_000; i++) peerScore.note(`peer ${i}`, 'bad-request')
  assert.is(peerScore.points('peer 0'), 0)
  assert.is(peerScore.points('peer 4999'), 2)
})

test.run()
