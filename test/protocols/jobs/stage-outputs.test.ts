/** Where outputs of jobs are put for workloads. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { outputPlacement, stagedOutputsOf } from '../../../protocols/jobs/stage-outputs.ts'

const test = suite('what outputs of jobs are staged')

const made = [{ path: 'bin/app', digest: 'a'.repeat(64), kind: 'file' as const, bytes: 7 }]

test('an output is put by its last name, or where it is said', () => {
  assert.is(outputPlacement({ output: 'bin/app' }), 'app')
  assert.is(outputPlacement({ output: 'bin/app', as: 'tools/app' }), 'tools/app')
})

test('each output that was asked for is an entry for its workload, with the content that its job made', () => {
  const stage_outputs = [
    { job: 'build', output: 'bin/app' },
    { job: 'build', output: 'bin/app', as: 'x/app', for: 'server' }
  ]
  const { staged, missing } = stagedOutputsOf({ stage_outputs }, job => (job === 'build' ? made : undefined))
  assert.equal(missing, [])
  assert.equal(staged, [
    { path: 'app', digest: 'a'.repeat(64), bytes: 7 },
    { path: 'x/app', digest: 'a'.repeat(64), bytes: 7, for: 'server' }
  ])
})

test('what a job did not make, and what of a job that did not run, is named', () => {
  const stage_outputs = [
    { job: 'build', output: 'lib' },
    { job: 'other', output: 'x' }
  ]
  const { staged, missing } = stagedOutputsOf({ stage_outputs }, job => (job === 'build' ? made : undefined))
  assert.equal(staged, [])
  assert.equal(missing, ['stage_outputs: lib of build: not made', 'stage_outputs: x of other: it did not run'])
})

test.run()
