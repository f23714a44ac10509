/** Attempts with fakes of libp2p: both ends of the protocol are real, the dials do what a test wants. No punch: see race.test.ts. */
import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AttemptComponents } from '../../../node/mesh/holepunch/attempt.ts'
import { Attempts } from '../../../node/mesh/holepunch/attempts.ts'
import { directProtocol } from '../../../protocols/direct.ts'
import { BakError } from '../../../protocols/errors.ts'
import { type Handler, serve } from '../../../protocols/stream.ts'
import {
  FakeConnections,
  FakeMembers,
  fakeConnection,
  logger,
  memberView,
  relayedAddress
} from '../../helpers/fakes.ts'
import { silent } from '../../helpers/networks.ts'
import { linkTo, newSigner, stayAwake } from '../../helpers/streams.ts'

const test = suite('an attempt at a direct connection')
test.after(stayAwake())

const [leader, follower, relay] = Array.from({ length: 3 }, () => newSigner().peer).sort() as [string, string, string]
const never = new AbortController().signal
const publicAddress = '/ip4/8.8.8.8/tcp/4001'
const privateAddress = '/ip4/10.9.9.9/tcp/4001'
const refused = async () => {
  throw new BakError('unreachable', 'refused')
}

interface End {
  attempts: Attempts
  connections: FakeConnections
  members: FakeMembers
  dialled: string[]
  marked: string[]
}

interface EndInit {
  /** The addresses that it offers. */
  own?: string[]
  /** What a dial makes; it fails where this returns undefined. */
  dial?(address: Multiaddr): Connection | undefined
}

function endOf(self: string, { own = [], dial = () => undefined }: EndInit = {}): End {
  const connections = new FakeConnections()
  const members = new FakeMembers()
  const [dialled, marked]: [string[], string[]] = [[], []]
  const components: AttemptComponents = {
    peerId: peerIdFromString(self),
    logger,
    events: connections.events,
    connectionManager: connections,
    members,
    addressManager: { getAddresses: () => own.map(each => multiaddr(each)) },
    transportManager: {
      dial: async address => {
        dialled.push(address.toString().replace(/\/p2p\/.*/, ''))
        const connection = dial(address)
        if (connection == null) return refused()
        return connections.add(connection)
      }
    },
    upgrader: { upgradeInbound: refused, upgradeOutbound: refused },
    relays: { observers: () => [] },
    reachability: { noteObserved: () => {} },
    paths: { mark: (_connection, made) => void marked.push(made) }
  }
  return { attempts: new Attempts(components, { log: silent }), connections, members, dialled, marked }
}

/** Leads an attempt over a relayed connection that the leader, or the other, opened. @returns why there is no direct connection */
async function lead(
  near: End,
  far: End,
  direction: Connection['direction'] = 'outbound'
): Promise<BakError | undefined> {
  const handler: Handler<never, unknown> = (first, exchange) => far.attempts.follow(first, exchange as never)
  const { open } = linkTo(serve(directProtocol, handler as never), leader)
  far.connections.add(fakeConnection({ peer: leader, address: relayedAddress(relay), direction: 'inbound' }))
  const relayed = fakeConnection({
    ...{ peer: follower, address: relayedAddress(relay), direction },
    newStream: (protocol, options) => open(String(protocol), options)
  })
  near.connections.add(relayed)
  return near.attempts.lead(relayed, never).then(
    () => undefined,
    error => error
  )
}

test('a leader dials the addresses of the record and of the offer, each once', async () => {
  const near = endOf(leader)
  near.members.views = [memberView(follower, { addresses: [privateAddress] })]
  const error = await lead(near, endOf(follower, { own: [privateAddress, '/ip4/10.8.8.8/tcp/1'] }))
  assert.is(error?.code, 'unreachable')
  assert.equal(near.dialled.sort(), ['/ip4/10.8.8.8/tcp/1', privateAddress])
})

test('the follower dials the addresses of the leader’s offer', async () => {
  const far = endOf(follower)
  await lead(endOf(leader, { own: [privateAddress] }), far)
  assert.equal(far.dialled, [privateAddress])
})

test('relayed addresses are neither offered nor dialled', async () => {
  const circuit = `${relayedAddress(relay)}/p2p/${leader}`
  const far = endOf(follower)
  await lead(endOf(leader, { own: [circuit] }), far)
  assert.equal(far.dialled, [])
})

test('without an observed port and without a dial that succeeds the leader gets the reason', async () => {
  const error = await lead(endOf(leader), endOf(follower))
  assert.equal([error?.code, error?.message], ['unreachable', 'no relay could observe its port'])
})

test('a dial of the leader that succeeds ends the attempt; the connection is a direct one', async () => {
  const near = endOf(leader, { dial: address => fakeConnection({ peer: follower, address: address.toString() }) })
  near.members.views = [memberView(follower, { addresses: [publicAddress] })]
  assert.is(await lead(near, endOf(follower)), undefined)
  assert.equal(near.marked, [])
})

test('a public connection in the other direction than the relayed one is marked as reversed', async () => {
  const near = endOf(leader, { dial: address => fakeConnection({ peer: follower, address: address.toString() }) })
  near.members.views = [memberView(follower, { addresses: [publicAddress] })]
  assert.is(await lead(near, endOf(follower), 'inbound'), undefined)
  assert.equal(near.marked, ['reversed'])
})

test('a connection in a private network is not marked, whatever its direction', async () => {
  const near = endOf(leader, { dial: address => fakeConnection({ peer: follower, address: address.toString() }) })
  near.members.views = [memberView(follower, { addresses: [privateAddress] })]
  assert.is(await lead(near, endOf(follower), 'inbound'), undefined)
  assert.equal(near.marked, [])
})

test('a connection that the follower made ends the leader’s attempt, too', async () => {
  const near = endOf(leader, { own: [publicAddress] })
  const far = endOf(follower, {
    dial: () => {
      near.connections.add(fakeConnection({ peer: follower, address: publicAddress, direction: 'inbound' }))
      return fakeConnection({ peer: leader, address: publicAddress })
    }
  })
  assert.is(await lead(near, far), undefined)
  assert.equal(near.marked, ['reversed'])
})

test('a connection with another peer changes nothing', async () => {
  const near = endOf(leader, { dial: address => fakeConnection({ peer: relay, address: address.toString() }) })
  near.members.views = [memberView(follower, { addresses: [privateAddress] })]
  assert.is((await lead(near, endOf(follower)))?.code, 'unreachable')
})

test('the signal of the caller ends an attempt with its reason', async () => {
  const near = endOf(leader)
  const control = new AbortController()
  const relayed = fakeConnection({
    ...{ peer: follower, address: relayedAddress(relay) },
    newStream: (_protocol, options) =>
      new Promise((_, reject) => options?.signal?.addEventListener('abort', () => reject(options.signal?.reason)))
  })
  const attempt = near.attempts.lead(relayed, control.signal).catch(error => error as BakError)
  control.abort(new BakError('interrupted', 'this peer leaves the mesh'))
  assert.is(((await attempt) as BakError).message, 'this peer leaves the mesh')
})

test.run()
