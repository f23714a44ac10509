import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { labMissing } from '../../../testnets/lab/available.ts'
import { NatNetwork } from '../../../testnets/nat/network.ts'
import { isWhole, runWithLarge } from '../../../testnets/nat/scenarios.ts'
import { logOf } from '../../helpers/mesh.ts'
import { skipWhere } from '../../helpers/skip.ts'

const large = suite('large tarballs between peers behind NATs')
const missing = labMissing(['ss'])
const test = skipWhere(missing, large)

let net: NatNetwork

large.before(async () => {
  if (missing == null) net = await NatNetwork.start({ delay: 20, hosts: ['e1', 'e2', 's1'] })
})

large.after(async () => {
  await net?.stop()
})

for (const [one, other] of [
  ['e1', 'e2'],
  ['e2', 'e1']
] as const) {
  test(`a punched pair punches once more, whichever of them sends: ${other} to ${one}`, async () => {
    assert.is((await net.pathTo(one, other, 20_000))?.class, 'punched')
    const run = await runWithLarge(net, one, other)
    assert.ok(isWhole(run, [one, other]), JSON.stringify(run.outcome.ended))
    assert.equal([run.path, run.carrier], ['punched', 'tls'], logOf(net.mesh.testnet, other))
  })
}

test('one that took many ports to punch is left as it is, and says so in one line', async () => {
  assert.is((await net.pathTo('e1', 's1', 20_000))?.class, 'punched')
  const run = await runWithLarge(net, 'e1', 's1')
  assert.ok(isWhole(run, ['e1', 's1']), JSON.stringify(run.outcome.ended))
  assert.equal([run.path, run.carrier], ['punched', 'noise'])
  assert.match(logOf(net.mesh.testnet, 's1'), /no bulk connection/)
})

large.run()
