import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { labMissing } from '../../../testnets/lab/available.ts'
import { NatNetwork } from '../../../testnets/nat/network.ts'
import { isWhole, runWithLarge } from '../../../testnets/nat/scenarios.ts'
import { logOf } from '../../helpers/mesh.ts'
import { skipWhere } from '../../helpers/skip.ts'

const large = suite('large tarballs between peers behind NATs')
const missing = labMissing(['ss', 'miniupnpd'])
const test = skipWhere(missing, large)

let net: NatNetwork

large.before(async () => {
  if (missing == null) net = await NatNetwork.start({ delay: 20, hosts: ['e1', 'e1b', 'e2', 's1', 's2', 'pub', 'u'] })
})

large.after(async () => {
  await net?.stop()
})

/** @returns the path and what encrypted it */
async function carried(one: string, other: string): Promise<unknown[]> {
  const run = await runWithLarge(net, one, other)
  assert.ok(isWhole(run, [one, other]), JSON.stringify(run.outcome.ended))
  return [run.path, run.carrier]
}

for (const [one, other] of [
  ['e1', 'e2'],
  ['e2', 'e1']
] as const) {
  test(`a punched connection carries a tarball over TLS, whichever side sends: ${other} to ${one}`, async () => {
    assert.is((await net.pathTo(one, other, 20_000))?.class, 'punched')
    assert.equal(await carried(one, other), ['punched', 'tls'], logOf(net.mesh.testnet, other))
  })
}

test('a connection that took many ports to punch carries a tarball over TLS, too', async () => {
  assert.is((await net.pathTo('e1', 's1', 20_000))?.class, 'punched')
  assert.equal(await carried('e1', 's1'), ['punched', 'tls'], logOf(net.mesh.testnet, 's1'))
})

test('connections to a public host, dialled or reversed, within one network and by a mapped port carry tarballs over TLS', async () => {
  const seen: unknown[] = []
  for (const [one, other] of [
    ['e1', 'pub'],
    ['pub', 'e2'],
    ['e1', 'e1b'],
    ['e1', 'u'],
    ['u', 's1']
  ] as const) {
    // which of them it is depends on what was there first; `paths.test.ts` looks at that
    await net.pathTo(one, other, 20_000)
    const [path, carrier] = await carried(one, other)
    assert.is.not(path, 'relayed', `${other} to ${one}`)
    assert.is(carrier, 'tls', `${other} to ${one} by ${path}`)
    seen.push(path)
  }
  assert.ok(seen.includes('mapped') && seen.includes('direct'), String(seen))
})

test('two hosts that need a relay carry tarballs over Noise', async () => {
  assert.is((await net.pathTo('s1', 's2', 20_000))?.class, 'relayed')
  assert.equal(await carried('s1', 's2'), ['relayed', 'noise'])
})

large.run()
