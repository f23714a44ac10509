/** Artifacts that are written to a path of a person. */
import { chmodSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportArtifact } from '../../node/artifacts/export-artifact.ts'
import { controller } from '../protocols/samples.ts'
import { codeOf, listAll, plant, scratch } from '../store/scratch.ts'
import { scratchArtifacts } from './scratch-artifacts.ts'

const test = suite('artifacts at a path')

async function stored(files: Record<string, string>, path = '') {
  const root = scratch()
  await plant(root, files)
  if (path !== '') chmodSync(join(root, path), 0o755)
  const { imports, store } = await scratchArtifacts()
  const { digest } = await imports.take(join(root, path), { by: controller.peer })
  return { store, digest }
}

test('a file and a folder become the path, whose parents are made, with their modes', async () => {
  const [file, tree] = [await stored({ app: 'new' }, 'app'), await stored({ a: '1', 'd/b': '2' })]
  const into = scratch()
  await exportArtifact(file.store, file.digest, join(into, 'x/y/app'))
  await exportArtifact(tree.store, tree.digest, join(into, 'x/tree'))
  assert.equal(await listAll(into), ['x/tree/a', 'x/tree/d/b', 'x/y/app'])
  assert.is(lstatSync(join(into, 'x/y/app')).mode & 0o777, 0o755)
})

test('what is there stays, unless it is to be replaced', async () => {
  const [file, tree] = [await stored({ app: 'new' }, 'app'), await stored({ a: '1' })]
  const into = scratch()
  writeFileSync(join(into, 'app'), 'old')
  mkdirSync(join(into, 'tree'))
  writeFileSync(join(into, 'tree/mine'), 'old')
  assert.is(await codeOf(exportArtifact(file.store, file.digest, join(into, 'app'))), 'cannot-create')
  assert.is(await codeOf(exportArtifact(tree.store, tree.digest, join(into, 'tree'))), 'cannot-create')
  assert.equal(await listAll(into), ['app', 'tree/mine'])
  await exportArtifact(file.store, file.digest, join(into, 'app'), { replace: true })
  await exportArtifact(tree.store, tree.digest, join(into, 'tree'), { replace: true })
  assert.equal(await listAll(into), ['app', 'tree/a'])
  assert.is(readFileSync(join(into, 'app'), 'utf8'), 'new')
})

test('what fails leaves nothing beside what was there', async () => {
  const { store, digest } = await stored({ app: 'new' }, 'app')
  const into = scratch()
  writeFileSync(join(into, 'app'), 'old')
  assert.is(await codeOf(exportArtifact(store, 'f'.repeat(64), join(into, 'app'), { replace: true })), 'unknown-digest')
  assert.is(await codeOf(exportArtifact(store, digest, join(into, 'app/below'))), 'cannot-create')
  // where no folder can be made that is an error soon, and no wait without end
  assert.is(await codeOf(exportArtifact(store, digest, '/proc/absent/app')), 'cannot-create')
  const signal = AbortSignal.abort(new Error('enough'))
  await exportArtifact(store, digest, join(into, 'other'), { signal }).then(
    () => assert.unreachable(),
    () => {}
  )
  assert.equal(await readdir(into), ['app'])
  assert.is(readFileSync(join(into, 'app'), 'utf8'), 'old')
})

test.run()
