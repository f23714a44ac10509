import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { MessageStream } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { StreamState, YamuxStream, type YamuxStreamInit } from '@libp2p/yamux/stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { updateWindowsSeldom, writeFramesAtOnce } from '../../../node/mesh/libp2p/write-coalescing.ts'

const thrift = suite('what connections need not send')

thrift('the parts of a frame are one call of the system, and arrive in their order', async () => {
  const server = createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const writes = countWrites(socket)
  const connection = connectionOver(socket)
  writeFramesAtOnce(connection)
  for (let i = 0; i < 3; i++) assert.is(connection.sendData(['a', 'b', 'c'].map(text => Buffer.from(text))), true)
  let came = ''
  for await (const data of socket) {
    came += data
    if (came.length === 9) break
  }
  assert.is(came, 'abcabcabc')
  assert.is(writes.count, 3)
  socket.destroy()
  server.close()
})

thrift('an error while a frame is written does not leave the socket waiting', () => {
  const socket = connect(1, '127.0.0.1').on('error', () => {})
  const connection = {
    socket,
    sendData() {
      throw new Error('closed')
    }
  }
  writeFramesAtOnce(connection as unknown as MessageStream)
  assert.throws(() => connection.sendData(), /closed/)
  assert.is(socket.writableCorked, 0)
  socket.destroy()
})

thrift('what is no socket is left alone', () => {
  const sendData = () => true
  const connection = { sendData }
  writeFramesAtOnce(connection as unknown as MessageStream)
  assert.is(connection.sendData, sendData)
})

thrift('a window is renewed once half of it is used, and an opening stream says so at once', () => {
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

/** As @libp2p/tcp has it: part by part. */
function connectionOver(socket: Socket) {
  const sendData = (parts: Uint8Array[]) => parts.map(part => socket.write(part)).at(-1)
  return { socket, sendData } as unknown as MessageStream & { sendData: typeof sendData }
}

function countWrites(socket: Socket) {
  const counted = { count: 0 }
  const { _write: one, _writev: several } = socket as unknown as Record<string, (...args: unknown[]) => void>
  Object.assign(socket, {
    _write: (...args: unknown[]) => {
      counted.count++
      one?.apply(socket, args)
    },
    _writev: (...args: unknown[]) => {
      counted.count++
      several?.apply(socket, args)
    }
  })
  return counted
}

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

thrift.run()
