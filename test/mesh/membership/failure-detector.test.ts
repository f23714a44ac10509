import { mock } from 'node:test'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FailureDetector, type FailureDetectorComponents } from '../../../node/mesh/membership/failure-detector.ts'
import { heartbeatPeriodOf } from '../../../node/mesh/membership/heartbeat.ts'
import { stateOf, Table } from '../../../node/mesh/membership/table.ts'
import { seal } from '../../../protocols/envelope.ts'
import { memberSubject } from '../../../protocols/hello.ts'
import { newSigner } from '../../helpers/streams.ts'
import { record as sample } from '../../protocols/samples.ts'

const test = suite('failure detector')
const START = 1_800_000_000_000
/** A suspect is dialled within this time. */
const GRACE_MS = 1_500
test.before.each(() => mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START }))
test.after.each(() => mock.timers.reset())

const signer = newSigner()
const { peer } = signer
const reporter = newSigner().peer

/** A peer that knows another one with version 5 of its record. */
function create() {
  const table = new Table()
  const record = { ...sample, peer, version: 5 }
  table.learn(record, seal(memberSubject, record, signer), START)
  const network = { connected: false, cutOff: false, reachable: false, inRun: false }
  const seen = { dials: 0, detected: [] as string[], reported: [] as string[] }
  const openConnection: FailureDetectorComponents['connectionManager']['openConnection'] = async () => {
    seen.dials++
    if (!network.reachable) throw new Error('no route')
    network.connected = true
    return {} as Awaited<ReturnType<typeof openConnection>>
  }
  const detector = new FailureDetector(
    {
      connectionManager: { openConnection },
      peerScore: { isCutOff: () => network.cutOff },
      streams: { connected: () => network.connected }
    },
    {
      table,
      runs: { runsOf: () => (network.inRun ? [{ run: 'r', controller: reporter }] : []) },
      onDetected: row => seen.detected.push(row.record.peer),
      onReported: (lost, by) => seen.reported.push(`${lost} ${by}`)
    }
  )
  const state = () => stateOf(table.get(peer) as NonNullable<ReturnType<Table['get']>>)
  const probe = async () => {
    mock.timers.tick(GRACE_MS)
    for (let turns = 0; turns < 4; turns++) await Promise.resolve()
  }
  return { detector, table, network, seen, state, probe }
}

test('detects a suspect that neither reconnects nor can be dialled', async () => {
  const { detector, seen, state, probe } = create()
  detector.suspect(peer)
  detector.suspect(peer)
  assert.is(seen.dials, 0, 'it may reconnect by itself')
  await probe()
  assert.is(seen.dials, 1)
  assert.equal(seen.detected, [peer])
  assert.is(state(), 'lost')
})

test('acquits a suspect that reconnects, and one that can be dialled', async () => {
  const { detector, network, seen, state, probe } = create()
  detector.suspect(peer)
  network.connected = true
  await probe()
  assert.is(seen.dials, 0)
  network.connected = false
  network.reachable = true
  detector.suspect(peer)
  await probe()
  assert.is(seen.dials, 1)
  assert.equal(seen.detected, [])
  assert.is(state(), 'alive')
})

test('does not report a peer that this one has cut off, that has left or that it does not know', async () => {
  const { detector, table, network, seen, probe } = create()
  network.cutOff = true
  detector.suspect(peer)
  await probe()
  network.cutOff = false
  table.remove(peer)
  detector.suspect(peer)
  await probe()
  const left = { ...sample, peer, version: 6, state: 'left' as const }
  table.learn(left, seal(memberSubject, left, signer), START)
  detector.suspect(peer)
  await probe()
  assert.equal([seen.dials, seen.detected], [0, []])
})

test('suspects a member after four missed announcements, and not while it takes part in a run', async () => {
  const { detector, table, network, seen, probe } = create()
  detector.suspectSilent()
  await probe()
  assert.is(seen.dials, 0)
  mock.timers.tick(4 * heartbeatPeriodOf(table.size) + 1)
  network.inRun = true
  detector.suspectSilent()
  await probe()
  assert.is(seen.dials, 0)
  network.inRun = false
  detector.suspectSilent()
  await probe()
  assert.equal(seen.detected, [peer])
})

test('believes the report of another peer on the record that it knows itself', () => {
  const { detector, seen, state } = create()
  detector.report({ peer, version: 5 }, reporter)
  assert.equal(seen.reported, [`${peer} ${reporter}`])
  assert.equal(seen.detected, [], 'the mesh knows it already')
  assert.is(state(), 'lost')
})

test('checks a report on an older record itself, and ignores one on a connected peer', async () => {
  const { detector, network, seen, state, probe } = create()
  network.connected = true
  detector.report({ peer, version: 5 }, reporter)
  assert.is(state(), 'alive')
  network.connected = false
  detector.report({ peer, version: 4 }, reporter)
  assert.is(state(), 'alive')
  await probe()
  assert.equal([seen.reported, seen.detected], [[], [peer]])
})

test('detects nothing after the stop, not even by a dial that was under way', async () => {
  const { detector, seen, state, probe } = create()
  detector.suspect(peer)
  mock.timers.tick(GRACE_MS)
  detector.stop()
  await probe()
  assert.is(seen.dials, 1)
  detector.suspect(peer)
  await probe()
  assert.is(seen.dials, 1)
  assert.equal(seen.detected, [])
  assert.is(state(), 'alive')
})

test.run()
