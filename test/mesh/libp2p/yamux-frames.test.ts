/** How large frames of yamux are on a stream whose window is large. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_FRAME_BYTES } from '../../../node/mesh/libp2p/yamux-streams.ts'
import { addressOf, createMesh, eventually } from '../../helpers/networks.ts'

const test = suite('frames of yamux')
const MIB = 2 ** 20

test('a stream that sends much sends it in frames that let others pass', async () => {
  const mesh = createMesh()
  try {
    const [a, b] = [await mesh.start(), await mesh.start()]
    const sizes: number[] = []
    await b.network.handle('/test/sink', stream => {
      stream.addEventListener('message', ({ data }) => sizes.push(data.byteLength))
    })
    await a.network.dial(addressOf(b))
    const stream = await a.network.dialProtocol(b.network.peerId, '/test/sink')
    const SIZE = 24 * MIB
    for (let i = 0; i < SIZE / MIB; i++) stream.send(new Uint8Array(MIB))
    await eventually('all of it is there', () => sizes.reduce((sum, size) => sum + size, 0) >= SIZE)
    assert.ok(Math.max(...sizes) <= MAX_FRAME_BYTES, `${Math.max(...sizes)} bytes in a frame`)
  } finally {
    await mesh.stop()
  }
})

test.run()
