/** Which lines of a workload make it a failure. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { statedError } from '../../node/work/stated-error.ts'
import { scratch } from '../store/scratch.ts'

const errors = suite('stated error')

const MIB = 1024 * 1024
const CASES: Array<[string, string | Buffer, string | undefined]> = [
  ['nothing', '', undefined],
  ['other lines', 'a\n#BAK:PHASE x\n#BAK:STATE OK\n', undefined],
  ['a line', 'a\n#BAK:STATE ERR disk is full\nb\n', 'disk is full'],
  ['the first line, without an end', '#BAK:STATE ERR disk is full', 'disk is full'],
  ['the first of two lines', '#BAK:STATE ERR one\n#BAK:STATE ERR two\n', 'one'],
  ['no words', '#BAK:STATE ERR\r\n', 'no reason given'],
  ['another word', '#BAK:STATE ERRATIC\n', undefined],
  ['the middle of a line', 'it prints #BAK:STATE ERR no\n', undefined],
  ['bytes that are no UTF-8', Buffer.from('\xff\xfe\n#BAK:STATE ERR caf\xe9\n', 'latin1'), 'caf\ufffd'],
  ['the edge of a portion', `${'x'.repeat(MIB - 5)}\n#BAK:STATE ERR late\n`, 'late'],
  ['the middle of a line of megabytes', `${'x'.repeat(3 * MIB)}#BAK:STATE ERR no\n`, undefined],
  ['a line after one of megabytes', `${'x'.repeat(3 * MIB)}\n#BAK:STATE ERR yes\n`, 'yes'],
  ['a line that never ends', `a\n#BAK:STATE ERR ${'y'.repeat(3 * MIB)}`, 'y'.repeat(511)]
]
for (const [what, text, expected] of CASES) {
  errors(`${what}: ${expected == null ? 'no failure' : 'a failure'}`, async () => {
    const path = join(scratch(), 'stdout')
    writeFileSync(path, text)
    assert.is(await statedError(path), expected)
  })
}

errors.run()
