/** The store of content on the disk: its cap, pins, needs, names, and what a kill leaves. */
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Artifacts } from '../../node/artifacts/artifacts.ts'
import { controller, member } from '../protocols/samples.ts'
import { codeOf, plant, scratch } from '../store/scratch.ts'
import { noise, scratchArtifacts, scratchStore } from './scratch-artifacts.ts'

const test = suite('the store of artifacts')
const by = controller.peer
const other = member.peer
const KIB = 1024

/** Stores so many bytes that are the same for the same seed. */
async function take({ imports }: Artifacts, seed: number, more: object = {}, bytes = 100 * KIB) {
  const root = scratch()
  await plant(root, { x: noise(bytes, seed) })
  return await imports.take(join(root, 'x'), { by, ...more })
}

test('what was stored is there after a restart, with its name, its pin and the order of use', async () => {
  const folder = join(scratch(), 'artifacts')
  const artifacts = await scratchArtifacts({ folder })
  const first = await take(artifacts, 1, { name: 'first', pinned: true })
  const second = await take(artifacts, 2)
  const store = await scratchStore({ folder })
  assert.equal(
    store.list().map(({ digest, name, pinned }) => ({ digest, name, pinned })),
    [
      { digest: second.digest, name: undefined, pinned: false },
      { digest: first.digest, name: 'first', pinned: true }
    ]
  )
  assert.is((await store.read(first.digest)).bytes, 100 * KIB)
})

test('what a killed daemon left half done does not count', async () => {
  const folder = join(scratch(), 'artifacts')
  const artifacts = await scratchArtifacts({ folder })
  const kept = await take(artifacts, 1)
  const lacking = await take(artifacts, 2)
  rmSync(join(folder, lacking.digest, 'about.json'))
  mkdirSync(join(folder, '.bak-0123456789abcdef.tmp'))
  writeFileSync(join(folder, '.bak-0123456789abcdef.tmp', '0'), 'half')
  mkdirSync(join(folder, `part-${'a'.repeat(64)}`))
  const store = await scratchStore({ folder })
  assert.equal(readdirSync(folder), [kept.digest])
  assert.equal(
    store.list().map(({ digest }) => digest),
    [kept.digest]
  )
})

test('beyond the cap what was used longest ago goes; what is pinned, or needed, stays', async () => {
  const artifacts = await scratchArtifacts({ limits: { bytes: 350 * KIB } })
  const { store } = artifacts
  const pinned = await take(artifacts, 1, { pinned: true })
  const needed = await take(artifacts, 2)
  store.needs.add('a run', [needed.digest])
  const plain = await take(artifacts, 3)
  const next = await take(artifacts, 4)
  assert.equal(
    [pinned, needed, plain, next].map(({ digest }) => store.get(digest) != null),
    [true, true, false, true]
  )
  assert.is(await codeOf(take(artifacts, 5, {}, 200 * KIB)), 'no-space')
  store.needs.release('a run')
  await take(artifacts, 6)
  await take(artifacts, 7)
  assert.is(store.get(needed.digest), undefined)
  assert.ok(store.get(pinned.digest))
})

test('a use counts: what was read last stays', async () => {
  const artifacts = await scratchArtifacts({ limits: { bytes: 250 * KIB } })
  const [a, b] = [await take(artifacts, 1), await take(artifacts, 2)]
  await new Promise(resolve => setTimeout(resolve, 5))
  await artifacts.store.read(a.digest)
  await take(artifacts, 3)
  assert.ok(artifacts.store.get(a.digest))
  assert.is(artifacts.store.get(b.digest), undefined)
})

test('a name means what got it last, and a digest may be written in part', async () => {
  const artifacts = await scratchArtifacts()
  const { store } = artifacts
  const [a, b] = [await take(artifacts, 1, { name: 'tool' }), await take(artifacts, 2, { name: 'tool' })]
  assert.is(store.find('tool').digest, b.digest)
  assert.is(store.find(a.digest.slice(0, 10)).digest, a.digest)
  assert.is(store.get(a.digest)?.name, undefined)
  assert.throws(() => store.find('nothing'), /nothing that is staged here is nothing/)
  assert.throws(() => store.find(''), /is the begin of 2 digests/)
})

test('what is needed is not removed, and what is removed is gone from the disk', async () => {
  const folder = join(scratch(), 'artifacts')
  const artifacts = await scratchArtifacts({ folder })
  const { store } = artifacts
  const { digest } = await take(artifacts, 1, { pinned: true })
  store.needs.add('a run', [digest])
  assert.is(await codeOf(store.remove(digest)), 'busy')
  store.needs.release('a run')
  await store.remove(digest)
  assert.equal(readdirSync(folder), [])
  assert.is(await codeOf(store.remove(digest)), 'unknown-digest')
})

test('other peers pin no more than the owner lets them; the owner may', async () => {
  const artifacts = await scratchArtifacts({ limits: { pinned: 150 * KIB } })
  await take(artifacts, 1, { by: other, pinned: true })
  assert.is(await codeOf(take(artifacts, 2, { by: other, pinned: true })), 'not-allowed')
  await take(artifacts, 3, { pinned: true })
  assert.is(artifacts.store.list().filter(({ pinned }) => pinned).length, 2)
})

test('a part keeps what it has, and goes before anything else when room is needed', async () => {
  const folder = join(scratch(), 'artifacts')
  const artifacts = await scratchArtifacts({ folder, limits: { bytes: 350 * KIB } })
  const { store } = artifacts
  const away = await scratchArtifacts()
  const { digest } = await take(away, 1)
  const artifact = await away.store.read(digest)
  const part = await store.part(artifact)
  writeFileSync(join(part, '0'), noise(100 * KIB, 1))
  assert.is((await store.partOf(digest))?.digest, digest)
  const old = await take(artifacts, 2)
  store.leave(digest)
  assert.ok((await scratchStore({ folder })).get(old.digest))
  assert.is((await store.partOf(digest))?.digest, digest)
  await take(artifacts, 3)
  await take(artifacts, 4)
  assert.is(await store.partOf(digest), undefined)
  assert.ok(store.get(old.digest))
})

test('a part that is being filled counts, and does not go', async () => {
  const artifacts = await scratchArtifacts({ limits: { bytes: 250 * KIB } })
  const away = await scratchArtifacts()
  const { digest } = await take(away, 1)
  await artifacts.store.part(await away.store.read(digest))
  await take(artifacts, 2)
  assert.is(await codeOf(take(artifacts, 3, {}, 200 * KIB)), 'no-space')
  assert.ok(await artifacts.store.partOf(digest))
})

test('a listing that was changed on the disk is named as damaged', async () => {
  const folder = join(scratch(), 'artifacts')
  const artifacts = await scratchArtifacts({ folder })
  const { digest } = await take(artifacts, 1)
  truncateSync(join(folder, digest, 'listing.cbor'), 20)
  assert.is(await codeOf(artifacts.store.read(digest)), 'damaged')
})

test.run()
