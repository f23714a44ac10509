import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { ConnectionGater } from '../../../node/mesh/limits/connection-gater.ts'
import {
  CONNECTIONS,
  FAILED_HANDSHAKES,
  MAX_CONNECTIONS_OF_PEER,
  MAX_PENDING,
  MAX_PENDING_OF_ADDRESS
} from '../../../node/mesh/limits/constants.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('connection gater')

/** An inbound connection before its handshake. */
class Incoming extends EventTarget {
  readonly remoteAddr: string
  open = true
  constructor(host: string) {
    super()
    this.remoteAddr = `/ip4/${host}/tcp/1`
  }
  abort(): void {
    this.open = false
    this.dispatchEvent(new Event('close'))
  }
}

function createGater() {
  const log: string[] = []
  const noted: string[] = []
  const cutOff = new Set<string>()
  const open = new Map<string, number>()
  const clock = { now: 0 }
  const gater = new ConnectionGater({
    peerScore: { note: (peer, violation) => noted.push(`${peer} ${violation}`), isCutOff: peer => cutOff.has(peer) },
    log: createLog('info', line => log.push(line)),
    now: () => clock.now
  })
  const getConnections = (peer: unknown) => Array.from({ length: open.get(String(peer)) ?? 0 })
  gater.serve({ connectionManager: { getConnections } as Pick<ConnectionManager, 'getConnections'> })
  const { callbacks } = gater
  const arrive = (host: string) => {
    const incoming = new Incoming(host)
    const denied = callbacks.denyInboundConnection?.(incoming as never)
    return { incoming, denied }
  }
  const getIn = (peer: string, { incoming }: ReturnType<typeof arrive>) =>
    !callbacks.denyInboundUpgradedConnection?.(peerIdFromString(peer), incoming as never)
  return { callbacks, arrive, getIn, log, noted, cutOff, open, clock }
}

test('lets in any number of honest peers behind one address, at once and repeatedly', () => {
  const { arrive, getIn, noted, clock } = createGater()
  const peers = Array.from({ length: 100 }, () => newSigner().peer)
  for (let round = 0; round < 20; round++) {
    const arrived = peers.map(peer => ({ peer, arrived: arrive('192.0.2.7') }))
    for (const each of arrived) {
      assert.not(each.arrived.denied)
      assert.ok(getIn(each.peer, each.arrived))
      each.arrived.incoming.abort()
    }
    clock.now += 1_000
  }
  assert.equal(noted, [])
})

test('refuses an address whose handshakes fail in masses before they cost anything, and no other address', () => {
  const { arrive, log, clock } = createGater()
  const fail = (host: string) => {
    const { incoming, denied } = arrive(host)
    if (!denied) incoming.abort()
    return !denied
  }
  let failed = 0
  while (fail('192.0.2.7')) failed++
  assert.is(failed, FAILED_HANDSHAKES.burst)
  for (let i = 0; i < 1_000; i++) fail('192.0.2.7')
  assert.not(arrive('192.0.2.8').denied)
  assert.is(log.length, 10, 'the log is not flooded')
  assert.match(log[0] as string, /WARN from=192.0.2.7 code=busy .* msg="connection refused"/)
  clock.now += 1_000
  assert.ok(fail('192.0.2.7'), 'the address may try again later')
})

test('closes the oldest pending handshake to make room, so that a fast peer gets in', () => {
  const { arrive, getIn } = createGater()
  const idle = Array.from({ length: MAX_PENDING_OF_ADDRESS }, () => arrive('192.0.2.7').incoming)
  const honest = arrive('192.0.2.7')
  assert.not(honest.denied)
  assert.equal(
    idle.map(({ open }) => open),
    [false, ...Array.from({ length: MAX_PENDING_OF_ADDRESS - 1 }, () => true)]
  )
  assert.ok(getIn(newSigner().peer, honest))
  for (let i = 0; i < MAX_PENDING; i++) arrive(`198.51.100.${i % 250}`)
  assert.is(idle.filter(({ open }) => open).length, 0, 'the oldest of all were closed first')
})

test('refuses a peer with too many connections, or too many new ones, and counts it as a violation', () => {
  const { arrive, getIn, noted, open, clock } = createGater()
  const { peer } = newSigner()
  open.set(peer, MAX_CONNECTIONS_OF_PEER)
  assert.not(getIn(peer, arrive('192.0.2.7')))
  assert.equal(noted, [`${peer} too-many-connections`])
  open.set(peer, 0)
  let made = 0
  while (getIn(peer, arrive('192.0.2.7'))) made++
  assert.is(made, CONNECTIONS.burst - 1)
  assert.is(noted.length, 2)
  assert.ok(getIn(newSigner().peer, arrive('192.0.2.7')), 'another peer behind the same address is let in')
  clock.now += 1_000
  assert.ok(getIn(peer, arrive('192.0.2.7')))
})

test('neither lets in nor dials a peer that is cut off', () => {
  const { arrive, getIn, callbacks, cutOff, noted } = createGater()
  const { peer } = newSigner()
  assert.not(callbacks.denyDialPeer?.(peerIdFromString(peer)))
  cutOff.add(peer)
  assert.ok(callbacks.denyDialPeer?.(peerIdFromString(peer)))
  assert.not(getIn(peer, arrive('192.0.2.7')))
  assert.equal(noted, [])
})

test.run()
