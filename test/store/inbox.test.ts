import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openInbox } from '../../node/store/inbox.ts'
import { digestOf } from '../../protocols/digest.ts'
import { codeOf, listAll, scratch, withSmallDisk } from './scratch.ts'

const test = suite('inbox')
const content = Buffer.from('the whole tarball')
const digest = digestOf(content)

test('a tarball grows, is verified, and its receipt is remembered after a restart', async () => {
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

test('cut at any bytes and opened again, a tarball goes on where it ended', async () => {
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

test('other bytes than the digest says are mismatch and deleted, and it can begin again', async () => {
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

test('bytes that were damaged on the disk between two times are noticed', async () => {
  const folder = scratch()
  await writeFile(join(folder, `${digest}.part`), content.subarray(0, 8).with(1, 0))
  const partial = await (await openInbox(folder)).partial(digest)
  await partial.append(8, content.subarray(8))
  assert.is(await codeOf(partial.finish()), 'mismatch')
  await partial.close()
})

test('bytes that do not go on where it ends are refused', async () => {
  const partial = await (await openInbox(scratch())).partial(digest)
  assert.is(await codeOf(partial.append(1, content)), 'bad-message')
  await partial.close()
})

test('a tarball is received by one at a time', async () => {
  const inbox = await openInbox(scratch())
  const first = await inbox.partial(digest)
  assert.is(await codeOf(inbox.partial(digest)), 'busy')
  await first.close()
  await (await inbox.partial(digest)).close()
})

test('a sink takes in the verified tarball and deletes it; when that fails the tarball stays', async () => {
  const folder = scratch()
  const inbox = await openInbox(folder)
  let takenIn: Buffer | undefined
  const failing = await inbox.sink(digest, () => Promise.reject(new Error('not now')))
  await failing.append(0, content)
  assert.is(await codeOf(failing.finish()), 'not a BakError: Error: not now')
  await failing.close()
  const sink = await inbox.sink(digest, async path => {
    takenIn = await readFile(path)
  })
  assert.is(sink.size(), content.length)
  await sink.finish()
  await sink.close()
  assert.is(takenIn?.compare(content), 0)
  assert.equal(await listAll(folder), [])
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
