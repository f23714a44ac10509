import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createOnce, fillAtomic, removeTemporaries, temporaryIn, writeAtomic } from '../../node/store/atomic.ts'
import { codeOf, listAll, plant, scratch, withSmallDisk } from './scratch.ts'

const test = suite('atomic')

test('a file is replaced as a whole, with the mode that was asked for', async () => {
  const path = join(scratch(), 'file')
  await writeAtomic(path, 'old')
  await writeAtomic(path, Buffer.from('new'), { mode: 0o600 })
  assert.is(await readFile(path, 'utf8'), 'new')
  assert.is((await stat(path)).mode & 0o777, 0o600)
})

test('a write that fails leaves the old file and no temporary', async () => {
  const folder = scratch()
  const path = join(folder, 'file')
  await writeAtomic(path, 'old')
  const half = fillAtomic(path, async handle => {
    await handle.writeFile('half')
    throw new Error('enough')
  })
  assert.is(await codeOf(half), 'bug')
  assert.is(await readFile(path, 'utf8'), 'old')
  assert.equal(await listAll(folder), ['file'])
})

test('of many callers that create a file once exactly one does', async () => {
  const folder = scratch()
  const path = join(folder, 'once')
  const made = await Promise.all(Array.from({ length: 20 }, (_, i) => createOnce(path, `${i}`)))
  assert.is(made.filter(Boolean).length, 1)
  assert.is(await readFile(path, 'utf8'), `${made.indexOf(true)}`)
  assert.equal(await listAll(folder), ['once'])
})

test('temporaries of a crash are removed, and nothing else', async () => {
  const folder = scratch()
  await plant(folder, { 'keep.tmp': '', '.bak-note': '' })
  await writeFile(temporaryIn(folder), 'half')
  const unpacked = temporaryIn(folder)
  await mkdir(unpacked)
  await plant(unpacked, { 'a/b': '' })
  await removeTemporaries(folder)
  assert.equal(await listAll(folder), ['.bak-note', 'keep.tmp'])
  await removeTemporaries(join(folder, 'absent'))
})

test('a missing folder is an io error with its path', async () => {
  const path = join(scratch(), 'absent/file')
  const error = await writeAtomic(path, 'x').catch(error => error)
  assert.is(error.code, 'io')
  assert.match(error.message, 'absent')
})

const full = 'a full disk is no-space, keeps the old file and leaves no temporary'
test(full, () =>
  withSmallDisk(full, 256, async folder => {
    const path = join(folder, 'file')
    await writeAtomic(path, 'old')
    assert.is(await codeOf(writeAtomic(path, new Uint8Array(1024 * 1024))), 'no-space')
    assert.is(await readFile(path, 'utf8'), 'old')
    assert.equal(await listAll(folder), ['file'])
  })
)

test.run()
