/**
 * Two who mean ill to a relay: one sends as fast as it can, the other takes the connection and reads nothing. Honest peers hold
 * each other back by the windows of what is inside; these two have nothing inside.
 */
import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { connectThrough, createMesh, eventually, type LocalPeer } from '../../helpers/networks.ts'

const test = suite('what lies on a relay')

const MIB = 1024 * 1024
/** As large as yamux makes the windows of the two connections, and of what it has in hand itself. */
const WINDOWS = 80
const HOP = '/libp2p/circuit/relay/0.2.0/hop'
const STOP = '/libp2p/circuit/relay/0.2.0/stop'
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** `type: CONNECT, peer: { id }`, as the protocol of relays has it. */
function connectTo({ network }: LocalPeer): Uint8Array {
  const id = network.peerId.toMultihash().bytes
  return Uint8Array.from([0x08, 1, 0x12, id.length + 2, 0x0a, id.length, ...id])
}
/** `type: STATUS, status: OK` */
const AGREED = Uint8Array.from([0x08, 1, 0x20, 100])

test('one who sends without end to one who does not read is held back, and what was sent is not lost', async () => {
  const mesh = createMesh()
  try {
    const relay = await mesh.start({ relay: true })
    const [a, b] = [await mesh.start({ listen: false }), await mesh.start({ listen: false })]
    await (await connectThrough(relay, a, b)).close()
    let far: Stream | undefined
    let heard = 0
    await b.network.unhandle(STOP)
    await b.network.handle(STOP, async stream => {
      const messages = lpStream(stream)
      await messages.read()
      await messages.write(AGREED)
      far = messages.unwrap()
      far.maxReadBufferLength = WINDOWS * MIB
      far.addEventListener('message', ({ data }) => {
        heard += data.byteLength
      })
      far.pause()
    })
    const [toRelay] = a.network.getConnections(relay.network.peerId)
    const messages = lpStream((await toRelay?.newStream(HOP)) as Stream)
    await messages.write(connectTo(b))
    await messages.read()
    const near = messages.unwrap()
    const piece = new Uint8Array(64 * 1024)
    let said = 0
    let enough = 512 * MIB
    const talking = (async () => {
      while (said < enough) {
        said += piece.byteLength
        if (!near.send(piece)) await new Promise(resolve => near.addEventListener('drain', resolve, { once: true }))
      }
    })()
    await sleep(5_000)
    assert.ok(said < WINDOWS * MIB, `${Math.round(said / MIB)} MiB are on their way`)
    enough = 0
    far?.resume()
    await talking
    await eventually('everything has arrived', () => heard === said)
  } finally {
    await mesh.stop()
  }
})

test.run()
