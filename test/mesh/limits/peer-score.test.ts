import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { wellBehaved } from '../../../node/mesh/limits/cut-off.ts'
import { PeerScore, type Violation, violations } from '../../../node/mesh/limits/peer-score.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('conduct')
const MINUTE = 60_000
const [one, other] = [newSigner().peer, newSigner().peer]

function conductOf() {
  const log: string[] = []
  const closed: string[] = []
  const told: string[] = []
  const clock = { now: 0 }
  const conduct = new PeerScore({
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
  conduct.serve({ connectionManager: { getConnections } as never })
  conduct.addEventListener('cut-off', ({ detail }) => told.push(detail.peer))
  const offend = (peer: string, offence: Violation = 'bad-gossip') => {
    let times = 0
    for (; !conduct.isCutOff(peer); times++) conduct.note(peer, offence)
    return times
  }
  return { conduct, clock, log, closed, told, offend }
}

test('a peer that goes on and on is cut off: its connections are closed, and it is logged once with who and why', async () => {
  const { conduct, log, closed, told, offend } = conductOf()
  assert.is(offend(one), 10)
  assert.ok(conduct.isCutOff(one))
  assert.not(conduct.isCutOff(other))
  for (let i = 0; i < 1_000; i++) conduct.note(one, 'bad-gossip')
  assert.equal(closed, [], 'not in the turn in which somebody may have begun a stream')
  for (let turns = 0; turns < 4; turns++) await new Promise(setImmediate)
  assert.equal(closed, [one, one])
  assert.equal(told, [one])
  assert.is(log.length, 1)
  const words = violations['bad-gossip'].words
  assert.match(
    log[0] as string,
    `WARN from=${one} name=node-x code=bad-gossip why="${words}" seconds=60 msg="peer cut off"`
  )
})

test('offences are forgotten with time: now and then a mistake is no harm, however long it goes on', () => {
  const { conduct, clock } = conductOf()
  for (let i = 0; i < 10_000; i++) {
    clock.now += 10_000
    conduct.note(one, 'bad-gossip')
  }
  assert.not(conduct.isCutOff(one))
  assert.ok(conduct.points(one) < 95)
  clock.now += 60 * MINUTE
  assert.ok(conduct.points(one) < 1e-6)
})

test('each time it is for twice as long, an hour at most; after a day of peace it begins anew', () => {
  const { conduct, clock, offend } = conductOf()
  const lengths = Array.from({ length: 9 }, () => {
    offend(one)
    const began = clock.now
    while (conduct.isCutOff(one)) clock.now += 1_000
    return (clock.now - began) / MINUTE
  })
  assert.equal(lengths, [1, 2, 4, 8, 16, 32, 60, 60, 60])
  clock.now += 86_400_001
  offend(one)
  clock.now += MINUTE
  assert.not(conduct.isCutOff(one))
})

test('who is cut off is refused whatever its proof, and told so; later it is judged as others are', () => {
  const { conduct, clock, offend } = conductOf()
  const asked: string[] = []
  const admission = wellBehaved(conduct, {
    ownProofBytes: Uint8Array.of(7),
    judge: peer => {
      asked.push(peer)
      return undefined
    }
  })
  offend(one)
  const refusal = admission.judge(one, { at: 1 }, 1)
  assert.equal(refusal, { code: 'cut-off', reason: 'it sent too much, and is cut off for another 60 s' })
  assert.is(admission.judge(other, { at: 1 }, 1), undefined)
  clock.now += MINUTE
  assert.is(admission.judge(one, { at: 1 }, 1), undefined)
  assert.equal(asked, [other, one])
  assert.equal(admission.ownProofBytes, Uint8Array.of(7))
})

test('what counts can be counted elsewhere, and peers that were never heard of again are forgotten', () => {
  const { conduct } = conductOf()
  conduct.note(one, 'too-much-gossip', 1_999)
  assert.not(conduct.isCutOff(one))
  conduct.note(one, 'too-much-gossip', 1)
  assert.ok(conduct.isCutOff(one))
  for (let i = 0; i < 5_000; i++) conduct.note(`peer ${i}`, 'bad-request')
  assert.is(conduct.points('peer 0'), 0)
  assert.is(conduct.points('peer 4999'), 2)
})

test.run()
