import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { labMissing } from '../../../testnets/lab/available.ts'
import { NatNetwork, wrongPaths } from '../../../testnets/nat/network.ts'
import { HOSTS, kindOf } from '../../../testnets/nat/pairs.ts'
import { isWhole, runFrom } from '../../../testnets/nat/scenarios.ts'
import { skipWhere } from '../../helpers/skip.ts'

const nat = suite('a mesh behind NATs of every kind')
const missing = labMissing(['miniupnpd', 'ss'])
const test = skipWhere(missing, nat)

let net: NatNetwork

nat.before(async () => {
  if (missing == null) net = await NatNetwork.start({ delay: 20, hosts: HOSTS.filter(host => kindOf(host) !== 'u') })
})

nat.after(async () => {
  await net?.stop()
})

test('every pair finds the path that it is to have', async () => {
  assert.equal(await wrongPaths(net, 60_000), [])
})

test('a whole run of all passes from behind a symmetric NAT, and what each sends is verified', async () => {
  const run = await runFrom(net, 's1')
  assert.ok(isWhole(run, net.hosts), JSON.stringify([run.outcome.ended, run.arrived]))
})

nat.run()
