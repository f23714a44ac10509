/** Which paths may be staged, and what they are called on members. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { anchored, collidingEntries, placementOf } from '../../protocols/staged.ts'

const test = suite('paths that are staged')

/** [what was written, where it is put, the same from anywhere when the folder is /w] */
const cases: Array<[string, string, string]> = [
  ['bench.sh', 'bench.sh', '/w/./bench.sh'],
  ['data/', 'data', '/w/./data'],
  ['./a/b', 'a/b', '/w/./a/b'],
  ['a/../b', 'b', '/w/./b'],
  ['a//b', 'a/b', '/w/./a/b'],
  ['.', '.', '/w/./.'],
  ['..', '.', '/'],
  ['../lib.sh', 'lib.sh', '/lib.sh'],
  ['/x/y/run.sh', 'run.sh', '/x/y/run.sh'],
  ['/x/./y/run.sh', 'y/run.sh', '/x/./y/run.sh'],
  ['/x/./y/./z', 'z', '/x/./y/./z'],
  ['/x/./', '.', '/x/./'],
  ['/', '.', '/']
]
for (const [path, placed, anywhere] of cases) {
  test(`${path} is put at ${placed}`, () => {
    assert.is(placementOf(path), placed)
    assert.is(anchored(path, '/w'), anywhere)
    if (path !== '..') assert.is(placementOf(anywhere), placed)
  })
}

test('two of one place collide, unless they are for different workloads', () => {
  assert.is(collidingEntries([{ path: 'a' }, { path: 'b' }, { path: 'a' }]), 'a')
  assert.is(collidingEntries([{ path: 'a', for: 'x' }, { path: 'a' }]), 'a')
  assert.is(
    collidingEntries([
      { path: 'a', for: 'x' },
      { path: 'a', for: 'x' }
    ]),
    'a'
  )
  assert.is(
    collidingEntries([
      { path: 'a', for: 'x' },
      { path: 'a', for: 'y' }
    ]),
    undefined
  )
  assert.is(collidingEntries([{ path: '.' }, { path: '.' }]), undefined)
  assert.is(collidingEntries([{ path: 'a', tool: 'x' }, { path: 'a' }]), undefined)
})

test.run()
