import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ensureFree, freeBytes } from '../../node/store/disk.ts'
import { codeOf, scratch } from './scratch.ts'

const test = suite('disk')

test('more bytes than the disk has free are no-space beforehand', async () => {
  const root = scratch()
  assert.ok((await freeBytes(root)) > 0)
  await ensureFree(root, 1, 0)
  assert.is(await codeOf(ensureFree(root, 2 ** 60)), 'no-space')
})

test.run()
