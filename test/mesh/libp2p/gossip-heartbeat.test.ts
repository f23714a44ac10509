import { TypedEventEmitter } from 'main-event'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LowNoiseMode } from '../../../node/mesh/idle/low-noise.ts'
import { GossipHeartbeat, type GossipHeartbeatComponents } from '../../../node/mesh/libp2p/gossip-heartbeat.ts'

const pace = suite('how often gossipsub looks after its links')

/** A gossipsub whose beats are told, by a clock that is set. */
function create() {
  const clock = { now: 0 }
  const counted = { times: 0 }
  const pubsub = Object.assign(new TypedEventEmitter(), {
    opts: { heartbeatInterval: 1_000 },
    score: { background: () => void counted.times++ },
    status: {},
    runHeartbeat: () => {}
  })
  const events = new TypedEventEmitter()
  const lowNoise = new LowNoiseMode()
  const each = new GossipHeartbeat(
    { pubsub, events, lowNoise } as unknown as GossipHeartbeatComponents,
    () => clock.now
  )
  each.afterStart()
  const beatAt = (now: number) => {
    clock.now = now
    pubsub.dispatchEvent(new CustomEvent('gossipsub:heartbeat'))
    return pubsub.opts.heartbeatInterval
  }
  const connect = () => events.dispatchEvent(new CustomEvent('connection:open'))
  return { each, beatAt, connect, lowNoise, counted, pubsub }
}

pace('each second as long as connections come and go, then every 5 s, and between start and stop every 15 s', () => {
  const { each, beatAt, connect, lowNoise, pubsub } = create()
  assert.is(beatAt(1_000), 1_000)
  assert.is(beatAt(14_000), 1_000)
  assert.is(beatAt(16_000), 5_000)
  connect()
  assert.is(pubsub.opts.heartbeatInterval, 1_000, 'at once')
  assert.is(beatAt(32_000), 5_000)
  lowNoise.set('run', true)
  assert.is(pubsub.opts.heartbeatInterval, 5_000, 'from the next one on')
  assert.is(beatAt(37_000), 15_000)
  connect()
  assert.is(pubsub.opts.heartbeatInterval, 1_000, 'also then')
  assert.is(beatAt(60_000), 15_000)
  lowNoise.set('run', false)
  assert.is(pubsub.opts.heartbeatInterval, 5_000, 'at once')
  each.stop()
})

pace('what is counted by the second is counted once for each, however far apart the beats are', () => {
  const { each, beatAt, counted } = create()
  for (const [now, times] of [
    [900, 0],
    [2_100, 2],
    [7_200, 7],
    [7_900, 7],
    [23_000, 23]
  ] as const) {
    beatAt(now)
    assert.is(counted.times, times)
  }
  beatAt(10_000_000)
  assert.ok(counted.times < 100, 'a daemon that slept does not make up for all of it')
  each.stop()
})

pace.run()
