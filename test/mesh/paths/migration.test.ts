/** What goes on while a relayed connection gives way to a direct one: real libp2p on loopback. */
import type { Connection } from '@libp2p/interface'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConnectionMigration } from '../../../node/mesh/paths/migration.ts'
import { clockProtocol } from '../../../protocols/clock.ts'
import { runStreamProtocol } from '../../../protocols/run-stream.ts'
import { askOne, call } from '../../../protocols/stream.ts'
import {
  addressOf,
  connectThrough,
  createMesh,
  eventually,
  type LocalMesh,
  type LocalPeer,
  silent
} from '../../helpers/networks.ts'

const test = suite('connection migration')

let mesh: LocalMesh
test.before.each(() => {
  mesh = createMesh()
})
test.after.each(() => mesh.stop())

const migration = { migration: (c: never) => new ConnectionMigration(c, { log: silent }) }
const listenTo = ({ gossip }: LocalPeer) => {
  const heard: string[] = []
  const check = (bytes: Uint8Array) => Buffer.from(bytes).toString()
  gossip.subscribe<string>({ name: mesh.topic, check, handle: word => void heard.push(word) })
  return heard
}
const say = ({ gossip }: LocalPeer, word: string) => gossip.publish(mesh.topic, Buffer.from(word))
const connections = (from: LocalPeer, to: LocalPeer): Connection[] => from.network.getConnections(to.network.peerId)
const isRelayed = ({ remoteAddr }: Connection) => String(remoteAddr).includes('/p2p-circuit')
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Two peers whose only connection is relayed, and which get each other's gossip. */
async function relayedPair(services: Record<string, (components: never) => unknown> = migration) {
  const relay = await mesh.start({ relay: true })
  const [a, b] = [await mesh.start({ services }), await mesh.start({ services })]
  const [byA, byB] = [listenTo(a), listenTo(b)]
  const relayed = await connectThrough(relay, a, b)
  await eventually('gossip both ways', () => {
    say(a, `hello ${performance.now()}`)
    say(b, `hello ${performance.now()}`)
    return byA.length > 0 && byB.length > 0
  })
  return { a, b, byA, byB, relayed }
}

/** `a` dials where `b` listens. */
const connectDirectly = async (a: LocalPeer, b: LocalPeer) => a.network.dial(addressOf(b), { force: true } as never)

test('loses and repeats no gossip of either side, and closes the relayed connection in the end', async () => {
  const { a, b, byA, byB } = await relayedPair()
  byA.length = byB.length = 0
  const said: string[] = []
  let go = true
  const talking = (async () => {
    for (let i = 0; go; i++, await sleep(5)) {
      said.push(String(i))
      say(a, `a${i}`)
      say(b, `b${i}`)
    }
  })()
  await sleep(100)
  await connectDirectly(a, b)
  await eventually('one direct connection is left on both sides', () =>
    [connections(a, b), connections(b, a)].every(all => all.length === 1 && !isRelayed(all[0] as Connection))
  )
  await sleep(300)
  go = false
  await talking
  await eventually(
    'the last messages have arrived',
    () => byB.includes(`a${said.at(-1)}`) && byA.includes(`b${said.at(-1)}`)
  )
  // gossip promises no order
  const order = (a: string, b: string) => Number(a.slice(1)) - Number(b.slice(1))
  const words = (heard: string[], from: string) => heard.filter(each => each.startsWith(from)).sort(order)
  assert.equal(
    words(byB, 'a'),
    said.map(each => `a${each}`)
  )
  assert.equal(
    words(byA, 'b'),
    said.map(each => `b${each}`)
  )
})

test('gossip goes on over the second connection when the first breaks', async () => {
  const { a, b, byA, byB, relayed } = await relayedPair()
  await connectDirectly(a, b)
  // long enough for gossipsub to know both, and too short for it to be moved
  await sleep(300)
  relayed.abort(new Error('cut'))
  await eventually('only the direct one is left', () => connections(a, b).every(each => !isRelayed(each)))
  byA.length = byB.length = 0
  await eventually('gossip both ways', () => {
    say(a, `a ${performance.now()}`)
    say(b, `b ${performance.now()}`)
    return byA.length > 0 && byB.length > 0
  })
})

test('new streams use the direct connection at once, and short exchanges finish on the relayed one', async () => {
  const { a, b } = await relayedPair()
  for (const peer of [a, b]) {
    await peer.streams.serve(clockProtocol, async function* ({ asked }, { receive }) {
      await receive()
      yield { asked, heard: 1, answered: 1 }
    })
  }
  // one that takes its time on the relayed connection
  const slow = await call(a.streams.to(b.peer), clockProtocol, {})
  await slow.send({ asked: 1 })
  await connectDirectly(a, b)
  const all = connections(a, b)
  const direct = all.find(each => !isRelayed(each)) as Connection
  const quick = await call(a.streams.to(b.peer), clockProtocol, {})
  await quick.send({ asked: 2 })
  assert.ok(direct.streams.some(({ protocol }) => protocol === clockProtocol.id))
  await quick.close()
  await sleep(2_500)
  assert.is(connections(a, b).length, 2, 'the relayed connection waits for the exchange')
  await slow.send({ asked: 1 })
  assert.is((await slow.receive())?.asked, 1)
  await slow.close()
  await eventually('the relayed one is closed', () => connections(a, b).length === 1)
})

test('a long exchange is ended, so that it resumes on the direct connection', async () => {
  const { a, b } = await relayedPair()
  await b.streams.serve(runStreamProtocol, async function* (_first, { signal }) {
    yield { type: 'lease' as const }
    await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  })
  const open = { type: 'open' as const, run: '20261122T213015-k3f9ab' }
  const line = await call(a.streams.to(b.peer), runStreamProtocol, {})
  await line.send(open)
  assert.is((await line.receive())?.type, 'lease')
  await connectDirectly(a, b)
  assert.ok((await line.receive().catch(() => undefined)) === undefined)
  const again = await askOne(a.streams.to(b.peer), runStreamProtocol, open)
  assert.is(again.type, 'lease')
  assert.ok(connections(a, b).every(each => !isRelayed(each)))
})

test('a direct connection that closes at once takes nothing over', async () => {
  const { a, b, byB } = await relayedPair()
  const direct = await connectDirectly(a, b)
  await direct.close()
  await sleep(2_000)
  assert.is(connections(a, b).length, 1)
  byB.length = 0
  await eventually('gossip', () => {
    say(a, `a ${performance.now()}`)
    return byB.length > 0
  })
})

test('more than ten peers behind one address all get the gossip of one of them', async () => {
  const hub = await mesh.start()
  const all = await Promise.all(Array.from({ length: 13 }, () => mesh.start({ listen: false })))
  const heard = all.map(listenTo)
  listenTo(hub)
  for (const { network } of all) await network.dial(addressOf(hub))
  await eventually('all have heard', () => {
    say(hub, `hello ${performance.now()}`)
    return heard.every(each => each.length > 0)
  })
  for (const each of heard) each.length = 0
  say(all[0] as LocalPeer, 'from one of them')
  await eventually('all others have heard', () => heard.slice(1).every(each => each.includes('from one of them')))
})

test.run()
