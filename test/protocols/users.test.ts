import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inQuotes, nameOfUser } from '../../protocols/users.ts'

const test = suite('users')
const passwd = 'root:x:0:0:root:/root:/bin/sh\nada:x:1000:100::/home/ada:/bin/sh\n:x:7:7::/:/bin/sh\n'

const cases: Array<[uid: number, shown: string]> = [
  [0, 'root'],
  [1000, 'ada'],
  [100, 'user 100'],
  [7, 'user 7'],
  [4711, 'user 4711']
]
for (const [uid, shown] of cases) test(`${uid} is ${shown}`, () => assert.is(nameOfUser(uid, passwd), shown))

test('a shell reads any quoted word as the word', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }).filter(word => !word.includes('\0')),
      word => {
        assert.is(execFileSync('sh', ['-c', `printf %s ${inQuotes(word)}`]).toString(), word)
      }
    ),
    { numRuns: 30 }
  )
})

test.run()
