import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nearest } from '../../protocols/nearest.ts'

const tools = ['proc', 'vmstat', 'iostat']
const commands = ['run', 'members', 'show', 'ls', 'ps', 'cancel']
const table: Array<[word: string, candidates: string[], share: number, near: string | undefined]> = [
  ['procc', tools, 1 / 2, 'proc'],
  ['vmstats', tools, 1 / 2, 'vmstat'],
  ['perf', tools, 1 / 2, undefined],
  ['prune', commands, 1 / 3, undefined],
  ['memebrs', commands, 1 / 3, 'members'],
  ['cancle', commands, 1 / 3, 'cancel'],
  ['rnu', commands, 1 / 3, 'run'],
  ['rm', commands, 1 / 3, undefined]
]

for (const [word, candidates, share, near] of table) {
  test(`${word} of ${candidates.join(', ')} is near ${near ?? 'none'}`, () =>
    assert.is(nearest(word, candidates, share), near))
}

test.run()
