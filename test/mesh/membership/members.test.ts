import { mock } from 'node:test'
import type { Libp2pEvents } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import type { Topic } from '../../../node/mesh/gossip.ts'
import { LowNoiseMode } from '../../../node/mesh/idle/low-noise.ts'
import type { PeerScoreEvents } from '../../../node/mesh/limits/peer-score.ts'
import { Members, type MembersComponents } from '../../../node/mesh/membership/members.ts'
import type { RunActivityEvents } from '../../../node/mesh/membership/run-activity.ts'
import type { AuthorityEvents } from '../../../node/mesh/trust/authority.ts'
import { decode, encode } from '../../../protocols/codec.ts'
import { open, type Signer, seal } from '../../../protocols/envelope.ts'
import { helloMessage, lostSubject, type MemberRecord, memberSubject } from '../../../protocols/hello.ts'
import { newSigner } from '../../helpers/streams.ts'
import { record as sample } from '../../protocols/samples.ts'

const test = suite('members')
const START = 1_800_000_000_000
const mesh = newSigner().peer
const other = newSigner()
test.before.each(() => mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START }))
test.after.each(() => mock.timers.reset())

/** A started peer without a network: what it publishes is kept, and a test plays the other peers. */
async function start() {
  const signer = newSigner()
  const published: Array<{ type: string; value: Partial<MemberRecord> }> = []
  const changed: string[] = []
  const rejoined: string[] = []
  const patched: string[] = []
  const connected = new Set<string>()
  let topic: Topic<unknown> | undefined
  const events = new TypedEventEmitter<Libp2pEvents>()
  const authority = Object.assign(new TypedEventEmitter<AuthorityEvents>(), {
    check: () => undefined,
    learn: () => {},
    roleOf: () => 'agent' as const,
    ownProofBytes: undefined
  })
  const runs = Object.assign(new TypedEventEmitter<RunActivityEvents>(), { runsOf: () => [] })
  const lowNoise = new LowNoiseMode()
  const components: MembersComponents = {
    ...{ events, authority, lowNoise },
    addressManager: { getAddresses: () => [multiaddr('/ip4/192.0.2.7/tcp/1')], getAddressesWithMetadata: () => [] },
    connectionManager: {
      getConnections: () => [],
      openConnection: async () => {
        throw new Error('no route')
      }
    },
    peerStore: {
      patch: async peer => {
        patched.push(peer.toString())
        return {} as never
      }
    },
    peerScore: Object.assign(new TypedEventEmitter<PeerScoreEvents>(), { isCutOff: () => false }),
    gossip: {
      publish: (_, bytes) => {
        const { type, sealed } = decode(helloMessage, bytes)
        const { value } = type === 'record' ? open(memberSubject, sealed) : open(lostSubject, sealed)
        published.push({ type, value })
      },
      subscribe: each => {
        topic = each as Topic<unknown>
      }
    },
    streams: {
      connected: peer => connected.has(peer),
      isRelayed: () => false,
      serve: async () => {},
      to: () => async () => {
        throw new Error('no stream')
      }
    }
  }
  const log = createLog('error', () => {})
  const members = new Members(components, { log, mesh, signer, self: sample, runs })
  members.addEventListener('change', ({ detail }) => changed.push(detail.peer))
  members.addEventListener('rejoined', ({ detail }) => rejoined.push(detail.peer))
  await members.afterStart()
  const receive = (message: object) => {
    const bytes = encode(message)
    topic?.handle(
      topic.check(bytes, () => {}),
      bytes
    )
  }
  return {
    ...{ members, self: signer.peer, signer, published, changed, rejoined, patched, authority, runs, lowNoise },
    receive: (record: Partial<MemberRecord> = {}, by: Signer = other) =>
      receive({ type: 'record', sealed: seal(memberSubject, { ...sample, peer: by.peer, version: 5, ...record }, by) }),
    receiveReport: (peer: string, version: number) =>
      receive({ type: 'lost', sealed: seal(lostSubject, { peer, version }, newSigner()) }),
    connect: (peer: string) => {
      connected.add(peer)
      events.safeDispatchEvent('peer:connect', { detail: peerIdFromString(peer) })
    },
    disconnect: (peer: string) => {
      connected.delete(peer)
      events.safeDispatchEvent('peer:disconnect', { detail: peerIdFromString(peer) })
    },
    stateOf: (peer: string) => members.get(peer)?.state
  }
}

test('announces itself at the start, at a change and at the end', async () => {
  const { members, self, published, stateOf } = await start()
  assert.equal([published[0]?.type, published[0]?.value.peer], ['record', self])
  assert.equal([members.get(self)?.path, members.isHere(self)], ['self', true])
  members.update({ labels: { rack: '8' } })
  mock.timers.tick(50)
  assert.equal(published.at(-1)?.value.labels, { rack: '8' })
  assert.ok((published[1]?.value.version as number) > (published[0]?.value.version as number))
  const stopped = members.beforeStop()
  assert.is(published.at(-1)?.value.state, 'left')
  assert.is(stateOf(self), 'left')
  await stopped
  await members.stop()
})

test('learns a member from the topic, with the addresses to dial it at', async () => {
  const { members, receive, changed, patched, stateOf } = await start()
  changed.length = 0
  receive()
  receive()
  assert.is(stateOf(other.peer), 'alive')
  assert.equal(patched, [other.peer])
  receive({ version: 6 })
  assert.equal(changed, [other.peer], 'a record with nothing new is no change')
  assert.equal([members.get(other.peer)?.path, members.isHere(other.peer)], ['indirect', true])
})

test('outbids a record of its own earlier life', async () => {
  const { receive, published, signer } = await start()
  receive({ version: START + 1e9 }, signer)
  assert.is(published.at(-1)?.value.version, START + 1e9 + 1)
})

test('refutes a report on itself with a newer record', async () => {
  const { receiveReport, self, published, stateOf } = await start()
  const version = published[0]?.value.version as number
  receiveReport(self, version)
  mock.timers.tick(50)
  assert.is(stateOf(self), 'alive')
  assert.ok((published.at(-1)?.value.version as number) > version)
})

test('reports a member whose connection has closed and that cannot be dialled', async () => {
  const { receive, connect, disconnect, published, stateOf } = await start()
  receive()
  connect(other.peer)
  disconnect(other.peer)
  assert.is(stateOf(other.peer), 'alive')
  mock.timers.tick(1_500)
  await new Promise(setImmediate)
  assert.is(stateOf(other.peer), 'lost')
  assert.equal(
    published.filter(({ type }) => type === 'lost').map(({ value }) => value),
    [{ peer: other.peer, version: 5 }]
  )
})

test('announces itself again when a lost member is met again, by a connection or a newer record', async () => {
  for (const back of ['connection', 'record']) {
    const { receive, receiveReport, connect, rejoined, published, stateOf } = await start()
    mock.timers.tick(10_000)
    receive()
    receiveReport(other.peer, 5)
    assert.is(stateOf(other.peer), 'lost')
    const before = published.length
    if (back === 'connection') connect(other.peer)
    else receive({ version: 6 })
    assert.equal([rejoined, stateOf(other.peer)], [[other.peer], 'alive'])
    mock.timers.tick(4_000)
    assert.is(published.length - before, 2)
  }
})

test('does not take the restart of a lost member for the end of a partition', async () => {
  const { receive, receiveReport, rejoined, stateOf } = await start()
  receive()
  receiveReport(other.peer, 5)
  receive({ version: 6, started: sample.started + 1 })
  assert.equal([rejoined, stateOf(other.peer)], [[], 'alive'])
})

test('drops a member that is not admitted any more', async () => {
  const { receive, authority, members, changed } = await start()
  receive()
  changed.length = 0
  const detail = { peer: other.peer, refusal: { code: 'revoked' as const, reason: '' } }
  authority.safeDispatchEvent('refused', { detail })
  assert.is(members.get(other.peer), undefined)
  assert.equal(changed, [other.peer])
})

test('emits a change when members have joined a run', async () => {
  const { runs, changed } = await start()
  changed.length = 0
  runs.safeDispatchEvent('participants', { detail: { controller: other.peer } })
  assert.equal(changed, [other.peer])
})

test('postpones periodic announcements in low-noise mode', async () => {
  const { lowNoise, published } = await start()
  mock.timers.tick(10_000)
  lowNoise.set('run', true)
  const before = published.length
  mock.timers.tick(600_000)
  assert.is(published.length, before)
})

test.run()
