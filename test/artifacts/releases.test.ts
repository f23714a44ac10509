/** Releases: artifacts that stay under a name, behind a restart and when room is needed. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Artifacts } from '../../node/artifacts/artifacts.ts'
import { MAX_RELEASES } from '../../node/artifacts/releases.ts'
import { controller } from '../protocols/samples.ts'
import { codeOf, plant, scratch } from '../store/scratch.ts'
import { noise, scratchArtifacts, scratchStore } from './scratch-artifacts.ts'

const test = suite('releases of artifacts')
const KIB = 1024

async function take({ imports }: Artifacts, seed: number) {
  const root = scratch()
  await plant(root, { x: noise(100 * KIB, seed) })
  return await imports.take(join(root, 'x'), { by: controller.peer })
}

test('a release is known by its name, also behind a restart, and by each of its names', async () => {
  const folder = join(scratch(), 'artifacts')
  const artifacts = await scratchArtifacts({ folder })
  const { digest } = await take(artifacts, 1)
  assert.equal(await artifacts.store.releases.add(digest, 'app'), {})
  assert.equal(await artifacts.store.releases.add(digest, 'app'), {})
  await artifacts.store.releases.add(digest, 'app-1.0')
  const store = await scratchStore({ folder })
  assert.is(store.releases.get('app')?.digest, digest)
  assert.equal(store.releases.get('app-1.0')?.releases, ['app', 'app-1.0'])
  assert.is(store.releases.get('other'), undefined)
})

test('a name is taken from another only where that is wanted', async () => {
  const artifacts = await scratchArtifacts()
  const { releases } = artifacts.store
  const [first, second] = [await take(artifacts, 1), await take(artifacts, 2)]
  await releases.add(first.digest, 'app')
  assert.is(await codeOf(releases.add(second.digest, 'app')), 'busy')
  assert.is(releases.get('app')?.digest, first.digest)
  assert.equal(await releases.add(second.digest, 'app', { replace: true }), { former: first.digest })
  assert.is(releases.get('app')?.digest, second.digest)
  await artifacts.store.remove(first.digest)
})

test('a release stays when others need the room, and is removed only when its last name is given up', async () => {
  const artifacts = await scratchArtifacts({ limits: { bytes: 350 * KIB } })
  const { store } = artifacts
  const kept = await take(artifacts, 1)
  await store.releases.add(kept.digest, 'app')
  await store.releases.add(kept.digest, 'newest')
  for (const seed of [2, 3, 4, 5]) await take(artifacts, seed)
  assert.ok(store.get(kept.digest) != null)
  assert.is(await codeOf(store.remove(kept.digest)), 'busy')
  assert.equal((await store.releases.drop('app')).releases, ['newest'])
  assert.is(await codeOf(store.remove(kept.digest)), 'busy')
  assert.is((await store.releases.drop('newest')).releases, undefined)
  for (const seed of [6, 7, 8]) await take(artifacts, seed)
  assert.is(store.get(kept.digest), undefined)
})

test('what is not here is no release, and an artifact has a bounded number of names', async () => {
  const artifacts = await scratchArtifacts()
  const { releases } = artifacts.store
  assert.is(await codeOf(releases.add('a'.repeat(64), 'app')), 'unknown-digest')
  assert.is(await codeOf(releases.drop('app')), 'unknown-digest')
  const { digest } = await take(artifacts, 1)
  for (let i = 0; i < MAX_RELEASES; i++) await releases.add(digest, `app${i}`)
  assert.is(await codeOf(releases.add(digest, 'one-more')), 'usage')
})

test.run()
