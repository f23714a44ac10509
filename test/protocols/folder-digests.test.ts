import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf } from '../../protocols/digest.ts'
import { folderDigests } from '../../protocols/folder-digests.ts'
import { asNobody } from '../helpers/nobody.ts'
import { plant, scratch } from '../store/scratch.ts'

const test = suite('digests of a folder')

test('every file has its digest, in the order of paths; links and empty folders are named; excluded paths are left out', async () => {
  const root = scratch()
  await plant(root, { b: 'bb', 'a/z': 'z', 'a-1': '', 'run.json': '{}', '.inbox/x.part': 'x', 'empty/': '' })
  await symlink('/etc/passwd', join(root, 'link'))
  const { files, others, unreadable } = await folderDigests(root, { except: ['run.json', '.inbox'] })
  assert.equal(Object.keys(files), ['a-1', 'a/z', 'b'])
  assert.equal(files.b, { sha256: digestOf(Buffer.from('bb')), bytes: 2 })
  assert.equal(others, { empty: 'an empty folder', link: 'a link to /etc/passwd' })
  assert.equal(unreadable, [])
})

test('links in a circle, to folders and to nothing are not followed, and a pipe without a writer is not waited for', async () => {
  const root = scratch()
  await plant(root, { 'd/f': 'f' })
  for (const [name, target] of [
    ['loop', '.'],
    ['loop2', 'loop/loop2'],
    ['to', 'd'],
    ['gone', 'absent']
  ] as const)
    await symlink(target, join(root, name))
  execFileSync('mkfifo', [join(root, 'pipe')])
  const { files, others } = await folderDigests(root)
  assert.equal(Object.keys(files), ['d/f'])
  assert.equal(Object.entries(others), [
    ['gone', 'a link to absent'],
    ['loop', 'a link to .'],
    ['loop2', 'a link to loop/loop2'],
    ['pipe', 'a named pipe'],
    ['to', 'a link to d']
  ])
})

test('names that are no UTF-8 have digests of their own', async () => {
  const root = scratch()
  execFileSync('sh', ['-c', 'cd "$0"; printf 1 > "$(printf "caf\\351")"; printf 2 > "$(printf "caf\\352")"', root])
  const { files } = await folderDigests(root)
  assert.equal(Object.entries(files), [
    ['caf\\xe9', { sha256: digestOf(Buffer.from('1')), bytes: 1 }],
    ['caf\\xea', { sha256: digestOf(Buffer.from('2')), bytes: 1 }]
  ])
})

test('what cannot be read is listed, and costs nothing else', async () => {
  const root = scratch()
  await plant(root, { 'closed/a': 'a', file: 'f', good: 'g' })
  chmodSync(root, 0o755)
  chmodSync(join(root, 'closed'), 0)
  chmodSync(join(root, 'file'), 0)
  const { files, unreadable } = await asNobody(() => folderDigests(root))
  chmodSync(join(root, 'closed'), 0o755)
  assert.equal(Object.keys(files), ['good'])
  assert.equal(unreadable, [
    { path: 'closed', reason: 'EACCES: permission denied' },
    { path: 'file', reason: 'EACCES: permission denied' }
  ])
})

test('a missing folder is an error', async () => {
  const error = await folderDigests(join(scratch(), 'absent')).catch(cause => cause)
  assert.is(error.code, 'ENOENT')
})

test.run()
