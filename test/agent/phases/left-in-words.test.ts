/** What programs of a run left running is said in one line. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { leftInWords } from '../../../node/agent/phases/stop.ts'

const test = suite('what was left running')
const begin = 'left running when its programs had ended, and killed: '
const table: Array<[names: string[], said: string[]]> = [
  [[], []],
  [['redis-server'], [`${begin}redis-server`]],
  [['sleep', 'sh', 'sleep'], [`${begin}sleep (2), sh`]],
  [['a', 'b', 'c', 'd', 'e', 'f', 'g'], [`${begin}a, b, c, d, e and 2 more`]],
  [['\u001b[31m\n'], [`${begin} [31m `]]
]
for (const [names, said] of table) {
  test(`${JSON.stringify(names)} is ${JSON.stringify(said)}`, () => assert.equal(leftInWords(names), said))
}

test.run()
