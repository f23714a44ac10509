import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallResponse } from '../../../protocols/control.ts'
import { labMissing } from '../../../testnets/lab/available.ts'
import { isRight, NatNetwork, wrongPaths } from '../../../testnets/nat/network.ts'
import { HOSTS, kindOf, pairsOf, RELAYS } from '../../../testnets/nat/pairs.ts'
import { isWhole, runFrom } from '../../../testnets/nat/scenarios.ts'
import { skipWhere } from '../../helpers/skip.ts'

const nat = suite('a mesh behind NATs of every kind')
const missing = labMissing(['miniupnpd', 'ss'])
const test = skipWhere(missing, nat)

/** After three failures, as on a busy machine, a pair tries again a minute later. */
const PATHS_TIMEOUT_MS = 120_000

let net: NatNetwork

nat.before(async () => {
  if (missing != null) return
  try {
    net = await NatNetwork.start({ delay: 20, hosts: HOSTS.filter(host => kindOf(host) !== 'u') })
  } catch (cause) {
    // the runner says no more than that none of the tests passed
    console.error('the network did not start:', cause)
    throw cause
  }
})

nat.after(async () => {
  await net?.stop()
})

test('every pair gets its expected path', async () => {
  assert.equal(await wrongPaths(net, PATHS_TIMEOUT_MS), [])
})

test('only the two relays relay, though another host is public, too', async () => {
  const [answer] = await Array.fromAsync(net.mesh.testnet.call('s1', 'reachability', { on: 'all' }))
  const relaying = answer?.peers.filter(({ relay }) => relay).map(({ name }) => name)
  assert.equal(relaying?.sort(), RELAYS)
})

test('one peer reports by which path every two of the others are connected', async () => {
  const { status, stdout, stderr } = await net.mesh.testnet.bak('s1', ['topo', '--json'])
  assert.equal([status, stderr], [0, ''])
  const { links } = JSON.parse(stdout) as CallResponse<'topology'>
  const between = links.filter(({ a, b }) => [a, b].every(({ name }) => net.hosts.includes(name)))
  assert.is(between.length, pairsOf(net.hosts).length)
  const wrong = between.filter(link => !isRight(link.a.name, link.b.name, link.class) || link.said.length !== 2)
  assert.equal(wrong, [])
  const relayed = between.filter(link => link.class === 'relayed')
  assert.ok(relayed.length > 0 && relayed.every(({ via }) => RELAYS.includes(via?.name ?? '')))
})

test('a whole run of all passes from behind a symmetric NAT, and what each sends is verified', async () => {
  const run = await runFrom(net, 's1')
  assert.ok(isWhole(run, net.hosts), JSON.stringify([run.outcome.ended, run.arrived]))
})

nat.run()
