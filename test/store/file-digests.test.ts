import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ensureFree, freeBytes } from '../../node/store/disk.ts'
import { fileDigests } from '../../node/store/file-digests.ts'
import { digestOf } from '../../protocols/digest.ts'
import { codeOf, plant, scratch } from './scratch.ts'

const test = suite('file digests')

test('every file has its digest, in the order of paths, except links and excluded paths', async () => {
  const root = scratch()
  await plant(root, { b: 'bb', 'a/z': 'z', 'a-1': '', 'run.json': '{}', '.inbox/x.part': 'x', 'empty/': '' })
  await symlink('/etc/passwd', join(root, 'link'))
  const digests = await fileDigests(root, { except: ['run.json', '.inbox'] })
  assert.equal(Object.keys(digests), ['a-1', 'a/z', 'b'])
  assert.equal(digests.b, { sha256: digestOf(Buffer.from('bb')), bytes: 2 })
})

test('a missing folder is an io error', async () => {
  assert.is(await codeOf(fileDigests(join(scratch(), 'absent'))), 'io')
})

test('more bytes than the disk has free are no-space beforehand', async () => {
  const root = scratch()
  assert.ok((await freeBytes(root)) > 0)
  await ensureFree(root, 1, 0)
  assert.is(await codeOf(ensureFree(root, 2 ** 60)), 'no-space')
})

test.run()
