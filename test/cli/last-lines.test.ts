/** The line of a member that the live screen shows beside its work. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { lastLineIn } from '../../cli/last-lines.ts'

const test = suite('the last line of a member')
const texts: Array<[text: string, line: string | undefined]> = [
  ['', undefined],
  ['\n \n', undefined],
  ['one\n  two  \n\n', 'two'],
  ['one\ntw', 'tw'],
  ['tick 3\n#BAK:PHASE load\n#BAK:PROGRESS 42\n', 'tick 3'],
  ['#BAK:METRIC iops=5 ops/s\n', undefined],
  ['a #BAK: in a line\n', 'a #BAK: in a line']
]
for (const [text, line] of texts) {
  test(`of ${JSON.stringify(text)} it is ${line ?? 'the one before'}`, () => assert.is(lastLineIn(text), line))
}

test.run()
