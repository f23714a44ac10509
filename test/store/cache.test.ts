import { readdir, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openCache } from '../../node/store/cache.ts'
import { digestOf } from '../../protocols/digest.ts'
import { codeOf, scratch, withSmallDisk } from './scratch.ts'

const test = suite('cache')
const kib = (fill: number) => new Uint8Array(1024).fill(fill)

async function* pieces(...all: Uint8Array[]) {
  yield* all
}

test('content comes back by its digest, whole and in parts, also after a restart', async () => {
  const folder = scratch()
  const cache = await openCache(folder)
  const digest = await cache.put(Buffer.from('hello'))
  assert.is(digest, digestOf(Buffer.from('hello')))
  assert.is(await cache.put(pieces(Buffer.from('hel'), Buffer.from('lo'))), digest)
  const again = await openCache(folder)
  assert.ok(again.has(digest))
  assert.is(again.size(digest), 5)
  assert.is(Buffer.from(await again.get(digest)).toString(), 'hello')
  assert.is(Buffer.from(await again.get(digest, 1, 3)).toString(), 'ell')
  assert.is(Buffer.from(await again.get(digest, 4, 100)).toString(), 'o')
  assert.is((await again.get(digest, 5, 100)).length, 0)
  assert.is(again.total, 5)
})

test('what is not here is unknown-digest', async () => {
  const cache = await openCache(scratch())
  assert.not.ok(cache.has('0'.repeat(64)))
  assert.is(await codeOf(cache.get('0'.repeat(64))), 'unknown-digest')
})

test('bytes that were damaged on the disk are not given, and forgotten', async () => {
  const cache = await openCache(scratch())
  const digest = await cache.put(kib(1))
  for (const content of [kib(2), kib(1).subarray(0, 1000)]) {
    await cache.put(kib(1))
    await writeFile(cache.path(digest), content)
    assert.is(await codeOf(cache.get(digest)), 'mismatch')
    assert.not.ok(cache.has(digest))
  }
  await cache.put(kib(1))
  await writeFile(cache.path(digest), kib(2))
  assert.is(await codeOf(cache.stream(digest).next()), 'mismatch')
})

test('beyond the limit what was used longest ago goes, pinned content stays', async () => {
  const folder = scratch()
  const cache = await openCache(folder, { limit: 3 * 1024 })
  const [a, b, c] = [await cache.put(kib(1)), await cache.put(kib(2)), await cache.put(kib(3))]
  await cache.get(a as string)
  const unpin = cache.pin(b as string)
  const d = await cache.put(kib(4))
  assert.equal(
    [a, b, c, d].map(digest => cache.has(digest as string)),
    [true, true, false, true]
  )
  unpin()
  unpin()
  await cache.put(kib(5))
  assert.not.ok(cache.has(b as string))
  assert.is(cache.total, 3 * 1024)
  assert.is((await readdir(folder)).length, 3)
})

test('after a restart the order of use is still known', async () => {
  const folder = scratch()
  const cache = await openCache(folder)
  const a = await cache.put(kib(1))
  const b = await cache.put(kib(2))
  await sleep(20)
  await cache.get(a)
  const small = await openCache(folder, { limit: 1024 })
  assert.ok(small.has(a))
  assert.not.ok(small.has(b))
})

test('content beyond the limit is refused while it comes', async () => {
  const folder = scratch()
  const cache = await openCache(folder, { limit: 2048 })
  assert.is(await codeOf(cache.put(pieces(kib(1), kib(2), kib(3)))), 'no-space')
  assert.equal(await readdir(folder), [])
})

const full = 'on a full disk content is refused as no-space and leaves nothing'
test(full, () =>
  withSmallDisk(full, 256, async folder => {
    const cache = await openCache(folder)
    assert.is(await codeOf(cache.put(new Uint8Array(1024 * 1024))), 'no-space')
    assert.equal(await readdir(folder), [])
  })
)

test.run()
