/** Flags of jobs, beside `[jobs]` of the run file and the settings. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { effectiveSpec } from '../../../cli/effective-spec.ts'
import { jobsWith, parseVariable } from '../../../cli/jobs/job-flags.ts'
import type { RunFile } from '../../../protocols/run-file.ts'

const test = suite('flags of jobs')
const file: RunFile = {
  job: [{ name: 'a', command: ['true'] }],
  jobs: { env: { CC: 'cc', V: '1' }, lines: 5 }
} as never

test('--env adds to the variables of the file, one by one, and goes before them', () => {
  const { jobs } = effectiveSpec(file, { env: { V: '2', CI: 'yes' } })
  assert.equal(jobs?.env, { CC: 'cc', V: '2', CI: 'yes' })
  assert.is(jobs?.lines, 5)
})

test('--env without a value takes that of the caller, and says if there is none', () => {
  assert.equal(parseVariable('CI', { A: '1' }, { CI: 'x=y' }), { A: '1', CI: 'x=y' })
  assert.equal(parseVariable('A=b=c', undefined, {}), { A: 'b=c' })
  assert.equal(parseVariable('A=', undefined, {}), { A: '' })
  assert.throws(() => parseVariable('CI', undefined, {}), /CI is not set here: give it as CI=VALUE/)
  assert.throws(() => parseVariable('=x', undefined, {}), /NAME or NAME=VALUE/)
})

test('--no-cache and --fail-fast set what the file leaves open or says otherwise', () => {
  const { jobs } = effectiveSpec({ ...file, jobs: { cache: true } } as never, { cache: false, failFast: true })
  assert.is(jobs?.cache, false)
  assert.is(jobs?.fail_fast, true)
  assert.is(effectiveSpec(file, { cache: true }).jobs?.cache, true)
})

test('without such a flag the table of the file stays as it is', () => {
  assert.is(jobsWith(undefined, {}, {}, true), undefined)
  assert.equal(jobsWith({ lines: 3 }, { cache: true }, {}, true), { lines: 3 })
})

test('flags of jobs are refused where there are none; settings are for runs that have some', () => {
  assert.throws(() => jobsWith(undefined, { env: { A: '1' } }, {}, false), /--env is of jobs, and the run has none/)
  assert.throws(() => jobsWith(undefined, { cache: false }, {}, false), /--no-cache is of jobs/)
  assert.is(jobsWith(undefined, {}, { failFast: true }, false), undefined)
  assert.equal(jobsWith({ cache: true }, {}, { failFast: true, cache: false }, true), { cache: true, fail_fast: true })
})

test.run()
