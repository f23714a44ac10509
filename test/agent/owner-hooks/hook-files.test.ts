/** Which files of hooks.d are hooks, in which order, and which are refused. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { findHooks } from '../../../node/agent/owner-hooks/hook-files.ts'
import { whyUnsafe } from '../../../node/store/owners-file.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('the files of hooks')

/** @returns a folder with these files, all executable */
function folderWith(...names: string[]): string {
  const folder = join(scratch(), 'hooks.d')
  mkdirSync(folder, { mode: 0o700 })
  for (const name of names) writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o700 })
  return folder
}
const namesOf = async (folder: string, moment: 'join' | 'terminate') =>
  (await findHooks(folder, moment)).map(({ name }) => name)

test('a number below 50 is for join, another for the end; what has no number is no hook', async () => {
  const folder = folderWith('49-z', '00-a', '50-b', '99-y', 'README', '10-x~', '5-short', '100-long', '10_under', '10-')
  assert.equal(await namesOf(folder, 'join'), ['00-a', '49-z'])
  assert.equal(await namesOf(folder, 'terminate'), ['50-b', '99-y'])
})

test('without a folder there are none, and none is asked of it', async () => {
  assert.equal(await findHooks(join(scratch(), 'none'), 'join'), [])
  const empty = folderWith()
  chmodSync(empty, 0o777)
  assert.equal(await findHooks(empty, 'join'), [], 'a folder without hooks is nobody’s concern')
})

test('in a folder that others may write nothing is started', async () => {
  const folder = folderWith('10-a', '11-b')
  chmodSync(folder, 0o770)
  const refused = (await findHooks(folder, 'join')).map(each => each.refused)
  assert.equal(refused, ['its group may write hooks.d: chmod g-w', 'its group may write hooks.d: chmod g-w'])
})

test('more than may be are refused as one', async () => {
  const folder = folderWith(...Array.from({ length: 60 }, (_, i) => `10-h${String(i).padStart(2, '0')}`))
  const found = await findHooks(folder, 'join')
  assert.is(found.length, 51)
  assert.equal(
    found.filter(({ refused }) => refused != null).map(({ name, refused }) => [name, refused]),
    [['10-h50', '50 are the most']]
  )
})

const modes: Array<[uid: number, mode: number, why: RegExp | undefined]> = [
  [1000, 0o100700, undefined],
  [1000, 0o100755, undefined],
  [0, 0o100755, undefined],
  [4_000_001, 0o100755, /^it belongs to .*4000001.*, not to the user of the daemon$/],
  [1000, 0o100775, /^its group may write it/],
  [1000, 0o100757, /^everybody may write it/]
]
for (const [uid, mode, why] of modes) {
  test(`a file of user ${uid} with mode ${mode.toString(8)} is ${why == null ? 'started' : 'refused'} by a daemon of user 1000`, () => {
    const found = whyUnsafe({ uid, mode }, 'it', 1000)
    if (why == null) assert.is(found, undefined)
    else assert.match(found as string, why)
  })
}

test.run()
