/** What libp2p needs of a connection, on one that has turned to TLS: over real sockets. */
import { randomBytes } from 'node:crypto'
import { Uint8ArrayList } from 'uint8arraylist'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Traffic } from '../../../node/mesh/idle/traffic.ts'
import { shakeHands, sideOf } from '../../helpers/encrypters.ts'
import { eventually } from '../../helpers/networks.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { closePairs, converses, keptPair, receive, secret, shake, streams } from '../../helpers/turn.ts'

const test = suite('a connection that is TLS')
test.after(stayAwake())
test.after.each(closePairs)

const MIB = 2 ** 20

test('a reader that pauses holds the writer back, and gets everything when it goes on', async () => {
  const shaken = await shake()
  const [near, far] = streams(shaken)
  const SIZE = 64 * MIB
  let seen = 0
  far.addEventListener('message', ({ data }) => {
    seen += data.byteLength
  })
  far.pause()
  let drained = 0
  near.addEventListener('drain', () => drained++)
  const piece = randomBytes(MIB)
  let sent = 0
  while (sent < SIZE && near.send(piece)) sent += piece.length
  sent += piece.length
  assert.ok(sent < SIZE, 'the writer is asked to wait')
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.is(seen, 0)
  far.resume()
  await eventually('all of it is there', () => seen === sent)
  assert.ok(drained > 0)
})

test('the parts of a frame are one record of TLS', async () => {
  let records = 0
  const shaken = await shake({
    tamper: ({ direction, frame, bytes }) => {
      if (direction === 'out' && frame === 'tls') records += recordsIn(bytes)
      return bytes
    }
  })
  const [near, far] = streams(shaken)
  const before = records
  const came = receive(far, 9)
  near.send(new Uint8ArrayList(...['abc', 'def', 'ghi'].map(text => Buffer.from(text))))
  assert.is(String(await came), 'abcdefghi')
  assert.is(records - before, 1)
})

/** @param bytes whole records */
function recordsIn(bytes: Buffer): number {
  let count = 0
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) count++
  return count
}

test('what was written before an orderly close arrives, and both sides see it as one', async () => {
  const shaken = await shake()
  const [near, far] = streams(shaken)
  far.pause()
  let seen = 0
  far.addEventListener('message', ({ data }) => {
    seen += data.byteLength
  })
  const closes: string[] = []
  for (const stream of [near, far]) stream.addEventListener('close', ({ error }) => closes.push(String(error)))
  const SIZE = 8 * MIB
  near.send(randomBytes(SIZE))
  const closed = near.close()
  setTimeout(() => far.resume(), 50)
  await closed
  await eventually('all of it is there', () => seen === SIZE)
  await eventually('both are closed', () => closes.length === 2)
  assert.equal(closes, ['undefined', 'undefined'])
  assert.equal([near.status, far.status], ['closed', 'closed'])
  assert.equal([shaken.pair.near.status, shaken.pair.far.status], ['closed', 'closed'])
})

test('a reset is told from an orderly close by the other side', async () => {
  const shaken = await shake()
  const [near, far] = streams(shaken)
  // a reset while TLS still writes the end of its handshake is seen by that write only
  await converses(shaken)
  const closed = Promise.withResolvers<Error | undefined>()
  far.addEventListener('close', ({ error }) => closed.resolve(error))
  near.abort(new Error('enough'))
  assert.instance(await closed.promise, Error)
  assert.equal([shaken.pair.near.status, shaken.pair.far.status], ['aborted', 'aborted'])
  await eventually('both sockets are gone', () => Object.values(shaken.pair.sockets).every(each => each.destroyed))
})

test('a connection without traffic ends by the inactivity timer that its socket had; one with traffic does not', async () => {
  const pair = await keptPair()
  pair.sockets.near.setTimeout(300)
  const sides = { near: sideOf('mesh', secret), far: sideOf('mesh', secret) }
  const ends = await shakeHands([sides.near, pair.near], [sides.far, pair.far])
  const [near, far] = streams({ pair, sides, ends })
  far.addEventListener('message', () => {})
  let error: Error | undefined
  near.addEventListener('close', event => {
    error = event.error
  })
  for (let i = 0; i < 8; i++) {
    near.send(Buffer.of(1))
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.is(near.status, 'open')
  await eventually('it is ended', () => near.status === 'aborted')
  assert.is(error?.name, 'TimeoutError')
})

test('the traffic counters see what goes over TLS, once', async () => {
  const traffic = new Traffic()
  traffic.start()
  try {
    const shaken = await shake()
    const before = traffic.total
    await converses(shaken)
    const { sent, received } = traffic.total
    // a mebibyte each way; both ends are in this process
    for (const bytes of [sent - before.sent, received - before.received]) {
      assert.ok(bytes >= 2 * MIB && bytes < 2.1 * MIB, `${bytes} bytes`)
    }
  } finally {
    traffic.stop()
  }
})

test.run()
