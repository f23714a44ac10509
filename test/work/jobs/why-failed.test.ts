import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { whyFailed } from '../../../node/work/jobs/why-failed.ts'

const test = suite('why a job has failed')

const well = { exit: 0, timedOut: false, stated: undefined, ended: undefined }

for (const [facts, why] of [
  [well, undefined],
  [{ ...well, exit: 3 }, 'exit 3'],
  [{ ...well, exit: undefined, signal: 'SIGSEGV' }, 'ended by SIGSEGV'],
  [{ ...well, stated: 'no licence' }, 'no licence'],
  [{ ...well, exit: 1, stated: 'no licence' }, 'exit 1: no licence'],
  [{ ...well, exit: undefined, signal: 'SIGTERM', timedOut: true }, 'took longer than 5 s'],
  [{ ...well, exit: undefined, signal: 'SIGKILL', ended: 'it wrote too much' }, 'it wrote too much']
] as [Parameters<typeof whyFailed>[0], string | undefined][]) {
  test(`${JSON.stringify(facts)} is ${why ?? 'no failure'}`, () => assert.is(whyFailed(facts, 5), why))
}

test.run()
