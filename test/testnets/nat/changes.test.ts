import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { labMissing } from '../../../testnets/lab/available.ts'
import { NatNetwork } from '../../../testnets/nat/network.ts'
import { isWhole, runWhilePathChanges, runWhileRelayDies } from '../../../testnets/nat/scenarios.ts'
import { skipWhere } from '../../helpers/skip.ts'

const changes = suite('paths that change during a transfer')
const missing = labMissing(['miniupnpd', 'ss'])
const test = skipWhere(missing, changes)

let net: NatNetwork

changes.before(async () => {
  if (missing == null) net = await NatNetwork.start({ delay: 20, hosts: ['e1', 'e2', 's1', 's2'] })
})

changes.after(async () => {
  await net?.stop()
})

test('from a relay to a direct one: nothing of it is lost', async () => {
  const changed = await runWhilePathChanges(net)
  assert.equal(changed.paths, ['relayed', 'relayed', 'direct'])
  assert.ok(isWhole(changed, ['e1', 'e2']), JSON.stringify(changed.outcome.ended))
})

test('from a relay that is killed to another: nothing of it is lost', async () => {
  const died = await runWhileRelayDies(net)
  assert.match(died.relay as string, /^relay/)
  assert.ok(isWhole(died, ['s1', 's2']), JSON.stringify(died.outcome.ended))
})

changes.run()
