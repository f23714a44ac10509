import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openInbox } from '../../node/store/inbox.ts'
import { encode } from '../../protocols/codec.ts'
import { digestOf } from '../../protocols/digest.ts'
import type { Envelope } from '../../protocols/envelope.ts'
import { SMALL } from '../../protocols/tarball.ts'
import { codeOf, listAll, scratch, withSmallDisk } from './scratch.ts'

const test = suite('inbox')
const content = Buffer.from('the whole tarball')
const digest = digestOf(content)
const receipt: Envelope = { by: 'a peer', body: new Uint8Array([1]), signature: new Uint8Array(64) }

test('a tarball grows, is verified, and its receipt is found after a restart', async () => {
  const folder = join(scratch(), '.inbox')
  const inbox = await openInbox(folder)
  const partial = await inbox.partial(digest)
  await partial.append(0, content.subarray(0, 5))
  await partial.append(5, content.subarray(5))
  assert.is((await readFile(await partial.finish())).compare(content), 0)
  await partial.remove()
  await partial.close()
  await inbox.keepReceipt(digest, Buffer.from('receipt'))
  const again = await openInbox(folder)
  assert.is(Buffer.from((await again.receipt(digest)) as Uint8Array).toString(), 'receipt')
  assert.is(await again.receipt('0'.repeat(64)), undefined)
})

test('cut at any bytes and opened again, a tarball continues where it ended', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(content.length), { maxLength: 4 }), async cuts => {
      const folder = scratch()
      for (const end of [...cuts.sort((a, b) => a - b), content.length]) {
        const partial = await (await openInbox(folder)).partial(digest)
        await partial.append(partial.size(), content.subarray(partial.size(), end))
        assert.is(partial.size(), end)
        if (end === content.length) await partial.finish()
        await partial.close()
      }
    }),
    { numRuns: 30 }
  )
})

test('bytes with another digest are a mismatch and deleted, and the transfer can begin again', async () => {
  const folder = scratch()
  const partial = await (await openInbox(folder)).partial(digest)
  await partial.append(0, content.with(3, 0))
  assert.is(await codeOf(partial.finish()), 'mismatch')
  assert.equal(await listAll(folder), [])
  assert.is(partial.size(), 0)
  await partial.append(0, content)
  await partial.finish()
  await partial.close()
})

test('bytes damaged on the disk between two transfers are detected', async () => {
  const folder = scratch()
  await writeFile(join(folder, `${digest}.part`), content.subarray(0, 8).with(1, 0))
  const partial = await (await openInbox(folder)).partial(digest)
  await partial.append(8, content.subarray(8))
  assert.is(await codeOf(partial.finish()), 'mismatch')
  await partial.close()
})

test('bytes at another offset than the end are refused', async () => {
  const partial = await (await openInbox(scratch())).partial(digest)
  assert.is(await codeOf(partial.append(1, content)), 'bad-message')
  await partial.close()
})

test('a tarball is in one transfer at a time', async () => {
  const inbox = await openInbox(scratch())
  const first = await inbox.partial(digest)
  assert.is(await codeOf(inbox.partial(digest)), 'busy')
  await first.close()
  await (await inbox.partial(digest)).close()
})

test('a sink unpacks the verified tarball and deletes it; if unpacking fails the tarball stays', async () => {
  const content = Buffer.alloc(SMALL + 1, 'the whole tarball')
  const offer = { digest: digestOf(content), bytes: content.length }
  const folder = scratch()
  const inbox = await openInbox(folder)
  let takenIn: Buffer | undefined
  const failing = await inbox.sink(offer, () => Promise.reject(new Error('not now')))
  await failing.append(0, content)
  assert.is(await codeOf(failing.finish()), 'not a BakError: Error: not now')
  await failing.close()
  const sink = await inbox.sink(offer, async path => {
    takenIn = await readFile(path as string)
  })
  assert.is(sink.size(), content.length)
  await sink.finish()
  await sink.close()
  assert.is(takenIn?.compare(content), 0)
  assert.equal(await listAll(folder), [])
})

const offer = { digest, bytes: content.length }

test('a small tarball is received in memory, verified and unpacked from there, and its receipt stored', async () => {
  const folder = scratch()
  const inbox = await openInbox(folder)
  let takenIn: Uint8Array | string | undefined
  const sink = await inbox.sink(offer, async tarball => {
    takenIn = tarball
  })
  assert.is(await codeOf(inbox.sink(offer, async () => {})), 'busy')
  await sink.append(0, content.with(3, 0))
  assert.is(await codeOf(sink.finish()), 'mismatch')
  assert.is(takenIn, undefined)
  assert.is(sink.size(), 0)
  await sink.append(0, content.subarray(0, 4))
  assert.is(await codeOf(sink.append(5, content.subarray(5))), 'bad-message')
  assert.is(await codeOf(sink.append(4, content)), 'bad-message')
  await sink.append(4, content.subarray(4))
  assert.equal(await listAll(folder), [])
  await sink.finish()
  assert.is(content.compare(takenIn as Uint8Array), 0)
  await sink.keep(receipt)
  await sink.close()
  const kept = await (await openInbox(folder)).receipt(digest)
  assert.equal(new Uint8Array(kept as Uint8Array), encode(receipt))
  await (await inbox.sink(offer, async () => {})).close()
})

const full = 'on a full disk what came is kept, and goes on when there is room'
test(full, () =>
  withSmallDisk(full, 256, async folder => {
    const big = new Uint8Array(200 * 1024).fill(1)
    const partial = await (await openInbox(folder)).partial(digestOf(big))
    await partial.append(0, big.subarray(0, 100 * 1024))
    const ballast = join(folder, 'ballast')
    await writeFile(ballast, new Uint8Array(1024 * 1024)).catch(() => {})
    assert.is(await codeOf(partial.append(100 * 1024, big.subarray(100 * 1024))), 'no-space')
    assert.is(partial.size(), 100 * 1024)
    await writeFile(ballast, '')
    await partial.append(100 * 1024, big.subarray(100 * 1024))
    await partial.finish()
    await partial.close()
  })
)

test.run()
