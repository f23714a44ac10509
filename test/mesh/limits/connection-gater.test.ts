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

const test = suite('gate')

/** A connection of which only the address is known. */
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

function gateOf() {
  const log: string[] = []
  const noted: string[] = []
  const cutOff = new Set<string>()
  const open = new Map<string, number>()
  const clock = { now: 0 }
  const gate = new ConnectionGater({
    conduct: { note: (peer, offence) => noted.push(`${peer} ${offence}`), isCutOff: peer => cutOff.has(peer) },
    log: createLog('info', line => log.push(line)),
    now: () => clock.now
  })
  const getConnections = (peer: unknown) => Array.from({ length: open.get(String(peer)) ?? 0 })
  gate.serve({ connectionManager: { getConnections } as never })
  const { gater } = gate
  const arrive = (host: string) => {
    const incoming = new Incoming(host)
    const denied = gater.denyInboundConnection?.(incoming as never)
    return { incoming, denied }
  }
  const getIn = (peer: string, { incoming }: ReturnType<typeof arrive>) =>
    !gater.denyInboundUpgradedConnection?.(peerIdFromString(peer), incoming as never)
  return { gater, arrive, getIn, log, noted, cutOff, open, clock }
}

test('any number of honest peers behind one address come in, at once and again and again', () => {
  const { arrive, getIn, noted, clock } = gateOf()
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

test('handshakes of one address that fail in masses are refused before they cost anything; of others they are not', () => {
  const { arrive, log, clock } = gateOf()
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
  assert.is(log.length, 10, 'the log is not filled with it')
  assert.match(log[0] as string, /WARN from=192.0.2.7 code=busy .* msg="connection refused"/)
  clock.now += 1_000
  assert.ok(fail('192.0.2.7'), 'it may try again in a while')
})

test('connections that show nothing make room for the next, so that who hurries gets in', () => {
  const { arrive, getIn } = gateOf()
  const idle = Array.from({ length: MAX_PENDING_OF_ADDRESS }, () => arrive('192.0.2.7').incoming)
  const honest = arrive('192.0.2.7')
  assert.not(honest.denied)
  assert.equal(
    idle.map(({ open }) => open),
    [false, ...Array.from({ length: MAX_PENDING_OF_ADDRESS - 1 }, () => true)]
  )
  assert.ok(getIn(newSigner().peer, honest))
  for (let i = 0; i < MAX_PENDING; i++) arrive(`198.51.100.${i % 250}`)
  assert.is(idle.filter(({ open }) => open).length, 0, 'the oldest of all went first')
})

test('a peer that holds too many connections, or makes them too fast, is refused one more, and it counts', () => {
  const { arrive, getIn, noted, open, clock } = gateOf()
  const { peer } = newSigner()
  open.set(peer, MAX_CONNECTIONS_OF_PEER)
  assert.not(getIn(peer, arrive('192.0.2.7')))
  assert.equal(noted, [`${peer} too-many-connections`])
  open.set(peer, 0)
  let made = 0
  while (getIn(peer, arrive('192.0.2.7'))) made++
  assert.is(made, CONNECTIONS.burst - 1)
  assert.is(noted.length, 2)
  assert.ok(getIn(newSigner().peer, arrive('192.0.2.7')), 'another one behind the same address is not to blame')
  clock.now += 1_000
  assert.ok(getIn(peer, arrive('192.0.2.7')))
})

test('who is cut off is neither let in nor dialled', () => {
  const { arrive, getIn, gater, cutOff, noted } = gateOf()
  const { peer } = newSigner()
  assert.not(gater.denyDialPeer?.(peerIdFromString(peer)))
  cutOff.add(peer)
  assert.ok(gater.denyDialPeer?.(peerIdFromString(peer)))
  assert.not(getIn(peer, arrive('192.0.2.7')))
  assert.equal(noted, [])
})

test.run()
