import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { removeAllBut, removeTree, sizeOfTree } from '../../node/store/remove-tree.ts'
import { listAll, plant, scratch } from './scratch.ts'

const test = suite('removing folders')

test('a folder that is deeper than a path may be long is removed', async () => {
  const root = scratch()
  await plant(root, { 'x/a': 'a' })
  execFileSync(
    'sh',
    // a hundred folders at a time: the shell looks for its folder from the root after each change
    [
      '-c',
      'd=$(printf "dd/%.0s" $(seq 100)); for i in $(seq 30); do mkdir -p $d && cd -P $d || break; done; touch "$(printf "f\\351")"'
    ],
    { cwd: join(root, 'x') }
  )
  await removeTree(join(root, 'x'))
  assert.not.ok(existsSync(join(root, 'x')))
  await removeTree(join(root, 'absent'))
})

test('what is to stay stays, with the folders that it is in', async () => {
  const root = scratch()
  await plant(root, { 's/a/keep': 'xx', 's/a/go': '1', 's/b/go': '1', 's/whole/x': 'x', 's/go': '1', 'other/x': '' })
  await removeAllBut(root, 's', new Set(['s/a/keep', 's/whole']))
  assert.equal(await listAll(root), ['other/x', 's/a/keep', 's/whole/x'])
  assert.not.ok(existsSync(join(root, 's/b')))
  assert.equal(sizeOfTree(join(root, 's')), { files: 2, bytes: 3 })
  await removeAllBut(root, 's', new Set())
  assert.equal(await listAll(root), ['other/x'])
})

test.run()
