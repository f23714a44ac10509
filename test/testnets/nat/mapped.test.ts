import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { MemberView } from '../../../protocols/control.ts'
import { labMissing } from '../../../testnets/lab/available.ts'
import { type LabMesh, startLabMesh } from '../../../testnets/lab/mesh.ts'
import { skipWhere } from '../../helpers/skip.ts'

const suiteOf = suite('routers that map ports')
const missing = labMissing(['miniupnpd'])
const test = skipWhere(missing, suiteOf)
const MAPPING_TIMEOUT_MS = 30_000

let net: LabMesh

suiteOf.before(async () => {
  if (missing != null) return
  net = await startLabMesh({
    topology: {
      routers: [
        { name: 'ru', nat: 'upnp' },
        { name: 'rp', nat: 'pmp' }
      ],
      hosts: [{ name: 'relay' }, { name: 'u', behind: 'ru' }, { name: 'p', behind: 'rp' }]
    },
    args: name => (name === 'relay' ? ['--relay'] : [])
  })
})

suiteOf.after(async () => {
  await net?.stop()
})

for (const [host, how] of [
  ['u', 'UPnP'],
  ['p', 'NAT-PMP and no UPnP']
] as const) {
  test(`a daemon behind one that speaks ${how} announces a mapped port`, async () => {
    const { outside } = net.lab.host(host)
    await net.testnet.until('relay', members => isAnnounced(members, host, outside), MAPPING_TIMEOUT_MS)
  })
}

test('the two reach each other by mapped ports', async () => {
  const signal = AbortSignal.timeout(MAPPING_TIMEOUT_MS)
  for (;;) {
    const [answer] = await Array.fromAsync(net.testnet.call('u', 'reachability', { on: 'p' }, { signal }))
    if (answer?.peers[0]?.path?.class === 'mapped') break
    assert.not.ok(signal.aborted, JSON.stringify(answer?.peers[0]))
  }
})

test('a daemon that ends removes its mapping from a router that speaks NAT-PMP', async () => {
  const { namespace } = net.lab.host('rp')
  const opened = () => namespace.run(['nft', 'list', 'table', 'inet', 'upnp']).includes('dnat')
  assert.ok(opened())
  await net.testnet.stopPeer('p')
  assert.not.ok(opened())
})

const isAnnounced = (members: MemberView[], host: string, outside: string) =>
  members.some(
    ({ name, addresses }) => name === host && addresses.some(each => each.startsWith(`/ip4/${outside}/tcp/`))
  )

suiteOf.run()
