import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asBakError, BakError, errorCodes, exitStatus } from '../../protocols/errors.ts'
import { statusOf, VERDICTS, type Verdict } from '../../protocols/verdict.ts'

const verdicts = suite('verdict')
const table: Array<[verdict: Verdict, whole: number, partial: number, strictly: number]> = [
  ['ok', 0, 0, 2],
  ['workload-failed', 1, 1, 1],
  ['threshold', 99, 99, 99],
  ['quorum', 3, 3, 3],
  ['cancelled', 4, 4, 4],
  ['failed', 74, 74, 74]
]
for (const [verdict, whole, partial, strictly] of table) {
  verdicts(
    `a run that ended ${verdict} has the status ${whole}, partial ${partial}, and under --strict ${strictly}`,
    () => {
      assert.is(statusOf(verdict, true), whole)
      assert.is(statusOf(verdict, true, true), whole)
      assert.is(statusOf(verdict, false), partial)
      assert.is(statusOf(verdict, false, true), strictly)
    }
  )
}
verdicts('every verdict is in the table', () => assert.equal(table.map(([word]) => word).sort(), [...VERDICTS].sort()))
verdicts.run()

const errors = suite('error codes')
errors('each has an exit status that a shell can show and that is not success', () => {
  for (const code of errorCodes) assert.ok(exitStatus[code] > 0 && exitStatus[code] < 256, code)
})
const causes: Array<[title: string, error: unknown, code: string]> = [
  ['one with a code stays itself', new BakError('busy', 'x'), 'busy'],
  ['a deadline', new DOMException('late', 'TimeoutError'), 'timeout'],
  ['a call that was given up', new DOMException('enough', 'AbortError'), 'interrupted'],
  ['a full disk', Object.assign(new Error('x'), { code: 'ENOSPC', syscall: 'write' }), 'no-space'],
  ['a quota', Object.assign(new Error('x'), { code: 'EDQUOT', syscall: 'write' }), 'no-space'],
  ['a failed system call', Object.assign(new Error('x'), { code: 'EACCES', syscall: 'open' }), 'io'],
  ['a mistake in the program', new TypeError('x is undefined'), 'bug'],
  ['a text that was thrown', 'x', 'bug'],
  ['nothing that was thrown', undefined, 'bug']
]
for (const [title, error, code] of causes) {
  errors(`${title} is ${code}`, () => {
    const named = asBakError(error)
    assert.is(named.code, code)
    assert.ok(named === error || named.cause === error)
  })
}
errors.run()
