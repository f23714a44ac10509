/** Copies of content for one program. */
import { chmodSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeParents, placeArtifact } from '../../node/artifacts/place.ts'
import { controller } from '../protocols/samples.ts'
import { codeOf, listAll, plant, scratch } from '../store/scratch.ts'
import { scratchArtifacts } from './scratch-artifacts.ts'

const test = suite('copies of artifacts for a program')
const by = controller.peer

async function stored(files: Record<string, string>, prepare: (root: string) => void = () => {}, path = '') {
  const root = scratch()
  await plant(root, files)
  prepare(root)
  const { imports, store } = await scratchArtifacts()
  const { digest } = await imports.take(join(root, path), { by })
  return { store, digest }
}

test('a tree is copied with its modes and links, and a copy is nobody elses', async () => {
  const { store, digest } = await stored({ 'run.sh': 'one', 'd/e/f': 'two', 'd/none': '' }, root => {
    chmodSync(join(root, 'run.sh'), 0o755)
    chmodSync(join(root, 'd'), 0o555)
    symlinkSync('../run.sh', join(root, 'd/e/link'))
  })
  const [into, beside] = [join(scratch(), 'copy'), join(scratch(), 'copy')]
  await placeArtifact(store, digest, into)
  await placeArtifact(store, digest, beside)
  assert.equal(await listAll(into), ['d/e/f', 'd/e/link', 'd/none', 'run.sh'])
  assert.is(lstatSync(join(into, 'run.sh')).mode & 0o777, 0o755)
  assert.is(lstatSync(join(into, 'd')).mode & 0o777, 0o555)
  assert.is(readlinkSync(join(into, 'd/e/link')), '../run.sh')
  writeFileSync(join(into, 'run.sh'), 'changed')
  assert.is(readFileSync(join(beside, 'run.sh'), 'utf8'), 'one')
  const third = join(scratch(), 'copy')
  await placeArtifact(store, digest, third)
  assert.is(readFileSync(join(third, 'run.sh'), 'utf8'), 'one')
})

test('a file becomes the path that it is given', async () => {
  const { store, digest } = await stored({ 'x.sh': 'x' }, root => chmodSync(join(root, 'x.sh'), 0o700), 'x.sh')
  const root = scratch()
  await makeParents(root, 'a/b/y.sh', {})
  await placeArtifact(store, digest, join(root, 'a/b/y.sh'))
  assert.is(lstatSync(join(root, 'a/b/y.sh')).mode & 0o777, 0o700)
})

test('two trees share a folder, and a name that both have is named', async () => {
  const one = await stored({ a: '1', 'd/x': '1' })
  const two = await stored({ b: '2', 'd/y': '2' })
  const into = scratch()
  await placeArtifact(one.store, one.digest, into)
  await placeArtifact(two.store, two.digest, into)
  assert.equal(await listAll(into), ['a', 'b', 'd/x', 'd/y'])
  assert.is(await codeOf(placeArtifact(one.store, one.digest, into)), 'usage')
})

test('a link that is there already is not followed', async () => {
  const { store, digest } = await stored({ 'd/x': '1' })
  const [into, outside] = [scratch(), scratch()]
  symlinkSync(outside, join(into, 'd'))
  assert.is(await codeOf(placeArtifact(store, digest, into)), 'usage')
  assert.equal(await listAll(outside), [])
})

test('a copy belongs to the user that it is for', async () => {
  if (process.getuid?.() !== 0) return console.log('SKIP a copy for another user: not root')
  const { store, digest } = await stored({ 'd/x': '1' }, root => symlinkSync('d', join(root, 'l')))
  const root = scratch()
  mkdirSync(join(root, 'w'))
  const user = { uid: 65_534, gid: 65_534 }
  await makeParents(join(root, 'w'), 'p/q', user)
  await placeArtifact(store, digest, join(root, 'w/p/q'), user)
  for (const path of ['p', 'p/q', 'p/q/d', 'p/q/d/x', 'p/q/l']) {
    const { uid, gid } = lstatSync(join(root, 'w', path))
    assert.equal([uid, gid], [65_534, 65_534], path)
  }
})

test.run()
