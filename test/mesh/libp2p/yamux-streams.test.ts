/** How often a stream of yamux renews its window. */
import { defaultLogger } from '@libp2p/logger'
import { StreamState, YamuxStream, type YamuxStreamInit } from '@libp2p/yamux/stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { updateWindowsSeldom } from '../../../node/mesh/libp2p/yamux-streams.ts'

const test = suite('windows of yamux')

test('a window is renewed once half of it is used, and an opening stream says so at once', () => {
  updateWindowsSeldom()
  updateWindowsSeldom()
  const { stream, frames } = open(StreamState.Established)
  const used = (bytes: number) => {
    stream.recvWindowCapacity -= bytes
    stream.sendWindowUpdate()
  }
  used(1)
  used(stream.recvWindow / 2 - 2)
  assert.equal(frames, [])
  used(1)
  assert.equal(frames, [stream.recvWindow / 2])
  used(100)
  assert.is(frames.length, 1)
  for (const state of [StreamState.Init, StreamState.SYNReceived]) {
    const opening = open(state)
    opening.stream.sendWindowUpdate()
    assert.equal(opening.frames, [0])
  }
})

/** @returns a stream, and how many bytes each window update that it sent gave */
function open(state: StreamState) {
  const frames: number[] = []
  const stream: unknown = new YamuxStream({
    ...{ id: '1', streamId: 1, state, direction: 'outbound' },
    ...{
      getRTT: () => -1,
      sendFrame: ({ length }: { length: number }) => frames.push(length),
      isBufferEmpty: () => true
    },
    log: defaultLogger().forComponent('test')
  } as unknown as YamuxStreamInit)
  return { stream: stream as { recvWindow: number; recvWindowCapacity: number; sendWindowUpdate(): void }, frames }
}

test.run()
