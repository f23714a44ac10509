/** With the real libp2p: what is set while it runs is what the next handshake uses. */
import type { Libp2p, Upgrader } from '@libp2p/interface'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { meshEncrypter } from '../../../node/mesh/libp2p/encrypter.ts'
import { setEncrypters } from '../../../node/mesh/libp2p/encrypters.ts'
import { createMeshLibp2p } from '../../../node/mesh/libp2p/libp2p.ts'
import { type MeshSecret, newSecret } from '../../../node/mesh/trust/mesh-secret.ts'
import { newSigner } from '../../helpers/streams.ts'

const test = suite('encrypters of a mesh that runs')
const running: Libp2p[] = []
test.after(async () => {
  await Promise.all(running.map(each => each.stop()))
})

const mesh = newSigner().peer

async function peerOf(secrets: MeshSecret[]) {
  const { d, x } = newSigner().key.export({ format: 'jwk' })
  const key = new Uint8Array([d, x].flatMap(part => [...Buffer.from(part as string, 'base64url')]))
  const init = { mesh, admission: { ownProofBytes: undefined, judge: () => undefined }, onRefused: () => {} }
  const network = (await createMeshLibp2p(
    { ...init, secrets, key, listen: ['/ip4/127.0.0.1/tcp/0'], announce: [] },
    {}
  )) as Libp2p
  await network.start()
  running.push(network)
  const { components } = network as unknown as {
    components: { upgrader: Upgrader } & Parameters<ReturnType<typeof meshEncrypter>>[0]
  }
  const set = (all: MeshSecret[]) =>
    setEncrypters(
      components.upgrader as Upgrader,
      all.map(secret => meshEncrypter(init, secret)(components))
    )
  return { network, set }
}

const encryptionOf = async (from: Libp2p, to: Libp2p) => {
  const connection = await from.dial(to.getMultiaddrs())
  return [connection, (connection as unknown as { encryption: string }).encryption] as const
}

test('a new generation is used by the next connection and touches none that stands; the old one still lets in', async () => {
  const [first, second] = [newSecret(1), newSecret(5)]
  const [a, b, late] = [await peerOf([first]), await peerOf([first]), await peerOf([first])]
  const [standing, old] = await encryptionOf(a.network, b.network)
  assert.is(old, '/bak/noise/1')
  a.set([second, first])
  b.set([second, first])
  assert.is(standing.status, 'open')
  const [, fromLate] = await encryptionOf(late.network, b.network)
  assert.is(fromLate, '/bak/noise/1', 'a peer that slept is let in')
  await standing.close()
  assert.is((await encryptionOf(a.network, b.network))[1], '/bak/noise/5')
  b.set([second])
  const another = await peerOf([first])
  assert.ok(
    await another.network.dial(b.network.getMultiaddrs()).then(
      () => false,
      () => true
    )
  )
})

test.run()
