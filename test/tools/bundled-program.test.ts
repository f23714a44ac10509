/** A tool whose program and libraries come from its bundle. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fromBundle } from '../../node/tools/bundled-program.ts'
import { plant, scratch } from '../store/scratch.ts'

const test = suite('programs from a bundle')

async function bundleOf(files: string[]): Promise<string> {
  const root = scratch()
  await plant(root, Object.fromEntries(files.map(each => [each, ''])))
  for (const each of files) if (!each.endsWith('/')) chmodSync(join(root, each), 0o755)
  return root
}

test('a program is looked for in bin, then at the top, then on the PATH', async () => {
  const root = await bundleOf(['bin/one', 'one', 'two'])
  const path = `PATH=${root}/bin:${root}:/usr/bin`
  const found = async (...argv: string[]) => fromBundle(argv, root, '/usr/bin')
  assert.equal(await found('one', '-x'), ['/usr/bin/env', path, `${root}/bin/one`, '-x'])
  assert.equal(await found('two'), ['/usr/bin/env', path, `${root}/two`])
  assert.equal(await found('three'), ['/usr/bin/env', path, 'three'])
})

test('a path is no name in a bundle', async () => {
  const root = await bundleOf(['bin/sh'])
  assert.equal((await fromBundle(['/bin/sh', '-c', 'x'], root, '')).slice(2), ['/bin/sh', '-c', 'x'])
})

test('libraries are on the path of the program where the bundle has some', async () => {
  const root = await bundleOf(['bin/one', 'lib/x.so'])
  assert.is((await fromBundle(['one'], root))[2], `LD_LIBRARY_PATH=${root}/lib`)
})

test('what cannot be executed is not found', async () => {
  const root = await bundleOf(['one'])
  chmodSync(join(root, 'one'), 0o644)
  assert.is((await fromBundle(['one'], root, '')).at(-1), 'one')
})

test.run()
