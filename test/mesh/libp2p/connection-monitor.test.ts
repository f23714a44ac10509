import type { Connection, MessageStream, StreamMuxer } from '@libp2p/interface'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LowNoiseMode } from '../../../node/mesh/idle/low-noise.ts'
import {
  ConnectionMonitor,
  type ConnectionMonitorInit,
  type Pinging
} from '../../../node/mesh/libp2p/connection-monitor.ts'
import { createMesh } from '../../helpers/networks.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'

const test = suite('connections that fall silent')
test.after(stayAwake())

const begun: ConnectionMonitor[] = []
test.after.each(() => {
  for (const each of begun.splice(0)) each.stop()
})

type Answer = 'at once' | 'never' | 'closed'

/** A connection whose other side answers as it is told to. */
function connect(init: ConnectionMonitorInit) {
  const monitor = new ConnectionMonitor(init)
  begun.push(monitor)
  const link = Object.assign(new EventTarget(), {
    status: 'open',
    abort(error: Error) {
      told.closed = error
      link.status = 'aborted'
      link.dispatchEvent(new Event('close'))
    }
  })
  const told = { asked: 0, answers: 'at once' as Answer, closed: undefined as Error | undefined }
  const say = () => link.dispatchEvent(new Event('message'))
  const ping = () => {
    told.asked++
    if (told.answers === 'closed') return Promise.reject(new Error('closed'))
    if (told.answers === 'never') return new Promise<number>(() => {})
    queueMicrotask(say)
    return Promise.resolve(1)
  }
  const made = { protocol: '/yamux', ping, abort: () => {} } as unknown as Pinging
  const factory = monitor.watch(() => ({ protocol: '/yamux', createStreamMuxer: () => made }))()
  const muxer: StreamMuxer = factory.createStreamMuxer(link as unknown as MessageStream)
  assert.is(factory.protocol, '/yamux')
  monitor.start()
  return { monitor, told, say, connection: { muxer } as unknown as Connection }
}

const some = (count: number, told: { asked: number }) => until(() => (told.asked >= count ? told.asked : undefined))

test('each is asked once as it opens, and again and again while nothing comes; one that answers stays', async () => {
  const { told } = connect({ silence: 10, timeout: 10_000 })
  await some(4, told)
  assert.is(told.closed, undefined)
})

test('one that says something by itself is not asked', async () => {
  const { told, say } = connect({ silence: 1_000 })
  await some(1, told)
  const timer = setInterval(say, 10)
  await new Promise(resolve => setTimeout(resolve, 2_200))
  clearInterval(timer)
  assert.is(told.asked, 1)
})

test('one that does not answer in time is closed, with the reason', async () => {
  const { told } = connect({ silence: 10, timeout: 50 })
  await some(2, told)
  told.answers = 'never'
  const why = await until(() => told.closed)
  assert.match(why.message, /has fallen silent/)
  const { asked } = told
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.is(told.asked, asked, 'nobody asks it any more')
})

test('one that does not answer, and says something else meanwhile, is alive', async () => {
  const { told, say } = connect({ silence: 10, timeout: 600 })
  await some(2, told)
  told.answers = 'never'
  const timer = setInterval(say, 20)
  await new Promise(resolve => setTimeout(resolve, 1_500))
  clearInterval(timer)
  assert.is(told.closed, undefined)
})

test('one that is closed as it is asked needs no more', async () => {
  const { told } = connect({ silence: 10, timeout: 10_000 })
  told.answers = 'closed'
  await until(() => told.closed)
})

test('between start and stop they are asked seldom, and at once often again after it', async () => {
  const lowNoise = new LowNoiseMode()
  const { told } = connect({ lowNoise, silence: 10, lowNoiseSilence: 600_000 })
  await some(3, told)
  lowNoise.set('run', true)
  const { asked } = told
  await new Promise(resolve => setTimeout(resolve, 60))
  assert.ok(told.asked <= asked + 1)
  lowNoise.set('run', false)
  await some(asked + 3, told)
})

test('a caller may ask one for a sign of life, unless there was one lately', async () => {
  const { monitor, told, connection } = connect({ silence: 600_000, timeout: 50 })
  await some(1, told)
  await new Promise(resolve => setTimeout(resolve, 20))
  await monitor.probe(connection, 600_000)
  assert.is(told.asked, 1)
  await monitor.probe(connection, 0)
  assert.is(told.asked, 2)
  told.answers = 'never'
  await new Promise(resolve => setTimeout(resolve, 5))
  const error = await monitor.probe(connection, 1).then(
    () => undefined,
    thrown => thrown
  )
  assert.is(error?.code, 'timeout')
})

test('two real peers ask each other again and again on one connection, which stays', async () => {
  const mesh = createMesh()
  try {
    const [a, b] = [await mesh.start(), await mesh.start()]
    const { monitor } = a.network.services as unknown as { monitor: ConnectionMonitor }
    const connection = await a.network.dial(b.network.getMultiaddrs())
    for (let i = 0; i < 20; i++) await monitor.probe(connection, 0)
    assert.is(connection.status, 'open')
  } finally {
    await mesh.stop()
  }
})

test.run()
