import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isOwn } from '../../protocols/compile-cache.ts'
import { skipWhere } from '../helpers/skip.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('where compiled code is kept')
const asRoot = skipWhere(process.getuid?.() === 0 ? undefined : 'only root can give a folder away', test)

test('a folder of this user may keep code, and so may one that does not exist yet', () => {
  const folder = scratch()
  assert.ok(isOwn(folder))
  assert.ok(isOwn(join(folder, 'new')))
})

test('a folder that other users may write to may not keep code', () => {
  const folder = join(scratch(), 'open')
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  assert.not(isOwn(folder))
})

asRoot('a folder of another user is none: what lies there would be run', () => {
  const folder = scratch()
  chownSync(folder, 65534, 65534)
  assert.not(isOwn(folder))
  chownSync(folder, 0, 0)
})

test.run()
