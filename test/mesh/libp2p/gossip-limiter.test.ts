import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { costOf, GossipLimiter } from '../../../node/mesh/libp2p/gossip-limiter.ts'
import { NEIGHBOUR, NEIGHBOUR_BYTES, PASSED_ON, PASSED_ON_BYTES } from '../../../node/mesh/limits/constants.ts'
import { scoreOf } from '../../../node/mesh/limits/gossip-score.ts'

const test = suite('what a neighbour may gossip')
const id = (name: string) => ({ toString: () => name }) as never

/** A gossipsub that only counts what reaches it. */
function meterOf() {
  const noted = new Map<string, number>()
  const clock = { now: 0 }
  const reached = { frames: 0, rpcs: 0 }
  const pubsub = {
    pipePeerReadStream: async (_: unknown, frames: AsyncIterable<unknown>) => {
      for await (const _frame of frames) reached.frames++
    },
    handleReceivedRpc: async () => {
      reached.rpcs++
    }
  }
  const note = (peer: string, _: string, times = 1) => void noted.set(peer, (noted.get(peer) ?? 0) + times)
  new GossipLimiter({ note }, () => clock.now).watch(pubsub as never)
  const send = async (peer: string, count: number, byteLength = 100) => {
    const before = reached.frames
    const frames = (async function* () {
      for (let i = 0; i < count; i++) yield { byteLength }
    })()
    await pubsub.pipePeerReadStream(id(peer) as never, frames)
    return reached.frames - before
  }
  const handle = (peer: string, rpc: object) => (pubsub.handleReceivedRpc as any)(id(peer), { messages: [], ...rpc })
  return { send, handle, noted, clock, reached }
}

test('frames beyond the rate are dropped before they are decoded, and count against who sent them, nobody else', async () => {
  const { send, noted, clock } = meterOf()
  assert.is(await send('a', NEIGHBOUR.burst + 700), NEIGHBOUR.burst)
  assert.equal([...noted], [['a', 700]])
  assert.is(await send('b', 10), 10)
  clock.now += 1_000
  assert.is(await send('a', NEIGHBOUR.perSecond), NEIGHBOUR.perSecond)
})

test('few frames that are large are too much, too', async () => {
  const { send } = meterOf()
  const size = 2 ** 22
  assert.is(await send('a', 100, size), NEIGHBOUR_BYTES.burst / size)
})

test('many messages in one frame are as much as in many', async () => {
  const { handle, noted, reached } = meterOf()
  const rpc = { messages: Array.from({ length: 1_000 }, () => ({})) }
  for (let i = 0; i < 20; i++) await handle('a', rpc)
  assert.is(reached.rpcs, Math.floor(NEIGHBOUR.burst / 999))
  assert.is(noted.get('a'), (20 - reached.rpcs) * 999)
})

test('what is asked for by its id has its price', () => {
  const ids = (count: number) => [{ messageIDs: Array.from({ length: count }, () => new Uint8Array()) }]
  assert.is(costOf({ messages: [] }), 1)
  assert.is(costOf({ messages: [1, 2, 3] }), 3)
  assert.is(costOf({ messages: [], control: { iwant: ids(5_000) } }), 100)
  assert.is(costOf({ messages: [1], control: { ihave: ids(49), idontwant: ids(1), iwant: [{}] } }), 2)
})

test('an honest peer passes on less than its neighbours put up with, whatever it is sent', () => {
  assert.ok(PASSED_ON.perSecond * 2 <= NEIGHBOUR.perSecond && PASSED_ON.burst * 2 <= NEIGHBOUR.burst)
  assert.ok(
    PASSED_ON_BYTES.perSecond * 2 <= NEIGHBOUR_BYTES.perSecond && PASSED_ON_BYTES.burst * 2 <= NEIGHBOUR_BYTES.burst
  )
})

test('an address that many share counts for nothing in the score, nor does silence', () => {
  const { topics, appSpecificScore, ...params } = scoreOf(['x'], { points: peer => (peer === 'bad' ? 100 : 0) })
  assert.is(params.IPColocationFactorWeight, 0)
  assert.is(topics.x?.meshMessageDeliveriesWeight, 0)
  assert.is(topics.x?.meshFailurePenaltyWeight, 0)
  assert.is(appSpecificScore('bad'), -100)
  assert.is(scoreOf(['x'], undefined).appSpecificScore('bad'), -0)
})

test.run()
