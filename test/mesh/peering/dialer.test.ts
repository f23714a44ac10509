import type { Connection } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import type { MembersEvents } from '../../../node/mesh/membership/members.ts'
import type { KnownPeer } from '../../../node/mesh/peering/address-book.ts'
import { DEGREE, Dialer, type DialerComponents } from '../../../node/mesh/peering/dialer.ts'
import { pause } from '../../../node/wait.ts'
import type { MemberView } from '../../../protocols/control.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/workspace.ts'
import { record } from '../../protocols/samples.ts'

const test = suite('dialer')
test.after(stayAwake())
const dialers: Dialer[] = []
test.after.each(async () => {
  for (const each of dialers.splice(0)) await each.beforeStop()
})

const TICKET = `/ip4/192.0.2.1/tcp/1/p2p/${newSigner().peer}`
const known = (peer: string, change: Partial<KnownPeer> = {}): KnownPeer => ({
  ...{ peer, name: 'known', addresses: ['/ip4/192.0.2.9/tcp/9'], seen: Date.now() },
  ...change
})
const member = (change: Partial<MemberView> = {}): MemberView => ({
  ...record,
  ...{ peer: newSigner().peer, shown: 'x', role: 'agent', state: 'alive', path: 'indirect', since: 1 },
  ...change
})
/** The peer that an opened connection leads to. */
const peerOf = (target: unknown) => /\/p2p\/(\w+)$/.exec(String(Array.isArray(target) ? target[0] : target))?.[1] ?? ''

/** @param reachable decides which peers answer */
function start(init: { members?: MemberView[]; book?: KnownPeer[]; reachable?(peer: string): boolean }) {
  const { members: list = [], book = [], reachable = () => true } = init
  const dialled: string[] = []
  const connections: Connection[] = []
  const log: string[] = []
  const seen = { alone: 0 }
  const members = Object.assign(new TypedEventEmitter<MembersEvents>(), { list: () => list })
  const openConnection: DialerComponents['connectionManager']['openConnection'] = async target => {
    const peer = peerOf(target)
    dialled.push(peer)
    if (!reachable(peer)) throw new Error('no answer')
    const connection = {} as Connection
    connections.push(connection)
    for (const each of list) if (each.peer === peer) each.path = 'direct'
    return connection
  }
  const dialer = new Dialer(
    { connectionManager: { getConnections: () => connections, openConnection }, members, lowNoise: { active: false } },
    {
      log: createLog('warn', line => log.push(line)),
      ticketAddresses: [TICKET],
      knownPeers: () => book,
      onAlone: () => ++seen.alone > 0
    }
  )
  dialers.push(dialer)
  dialer.afterStart()
  /** Waits for the pause after the first round: a change during a round does not start another one. */
  const firstRound = async () => {
    await until(() => connections[0])
    await pause(50)
  }
  return { dialer, members, dialled, connections, log, seen, firstRound }
}

test('dials the ticket and the known peers as long as it is alone, and warns once', async () => {
  const peer = newSigner().peer
  const { dialled, log, seen } = start({ book: [known(peer)], reachable: () => false })
  await until(() => (seen.alone >= 3 ? true : undefined))
  assert.equal(new Set(dialled), new Set([peerOf(TICKET), peer]))
  assert.is(log.length, 1)
  assert.match(
    log[0] as string,
    /addresses=\/ip4\/192\.0\.2\.1\S+,\/ip4\/192\.0\.2\.9\S+ msg="no peer answers yet, still trying"/
  )
})

test('dials nothing more once it is connected and knows no other member', async () => {
  const { dialled, connections, seen } = start({})
  await until(() => connections[0])
  await pause(400)
  assert.equal([dialled, seen.alone], [[peerOf(TICKET)], 0])
})

test('keeps connections to a handful of members, chosen at random', async () => {
  const chosen = new Set<string>()
  const list = Array.from({ length: 20 }, () => member())
  for (let i = 0; i < 3; i++) {
    const copy = list.map(each => ({ ...each }))
    const { members, connections, dialled, firstRound } = start({ members: copy })
    await firstRound()
    members.safeDispatchEvent('change', { detail: { peer: '' } })
    await until(() => (connections.length === DEGREE ? true : undefined))
    await pause(300)
    assert.is(connections.length, DEGREE)
    for (const each of dialled) chosen.add(each)
  }
  assert.ok(chosen.size > DEGREE, 'not the same members each time')
})

test('does not dial members that are lost, have left or are connected already', async () => {
  const list = [
    member({ path: 'direct' }),
    member({ path: 'none', state: 'left' }),
    member({ path: 'none', state: 'lost' }),
    member()
  ]
  const { members, dialled, connections, firstRound } = start({ members: list })
  await firstRound()
  members.safeDispatchEvent('change', { detail: { peer: '' } })
  await until(() => connections[1])
  await pause(300)
  assert.equal(dialled, [peerOf(TICKET), list[3]?.peer])
})

test('dials up to three rejoined members though it has enough connections', async () => {
  const list = Array.from({ length: 5 }, () => member())
  const { members, dialled, connections, firstRound } = start({ members: list })
  await firstRound()
  for (let i = connections.length; i < DEGREE; i++) connections.push({} as Connection)
  for (const { peer } of list) members.safeDispatchEvent('rejoined', { detail: { peer } })
  await until(() => (dialled.length === 4 ? true : undefined))
  await pause(400)
  assert.is(dialled.length, 4)
})

test('survives dials that fail, and stops in the middle of one', async () => {
  const { dialer, dialled } = start({ book: [known(newSigner().peer)], reachable: () => false })
  await until(() => dialled[3])
  await dialer.beforeStop()
  const count = dialled.length
  await pause(400)
  assert.is(dialled.length, count)
})

test.run()
