/** Which jobs and needs there are, by members and variables. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { applyConditions } from '../../../protocols/jobs/conditions.ts'
import type { Job } from '../../../protocols/jobs/job.ts'
import { makeJob } from './some-jobs.ts'

const conditions = suite('conditions of jobs')

const facts = (fitting: string[] | undefined, variables: Record<string, string> = {}) => ({
  fits: (selector: string) => fitting?.includes(selector),
  variablesOf: (_: Job) => variables
})
const needsOf = (jobs: Job[]) => jobs.map(({ name, needs }) => `${name}: ${needs.map(({ job }) => job).join(' ')}`)

conditions('a job whose label no member fits is left out, and those that need it do without it', () => {
  const jobs = [
    makeJob('arm', { when: { label: 'arch=arm64' }, outputs: ['x'] }),
    makeJob('x86', { outputs: ['x'] }),
    makeJob('all', { needs: ['arm', 'x86'], inputs: [{ job: 'arm', output: 'x' }, 'src'] })
  ]
  const without = applyConditions(jobs, facts([]))
  assert.equal(without.leftOut, [{ job: 'arm', why: 'no member fits arch=arm64' }])
  assert.equal(needsOf(without.jobs), ['x86: ', 'all: x86'])
  assert.equal(without.jobs[1]?.inputs, [{ path: 'src' }])
  assert.equal(applyConditions(jobs, facts(['arch=arm64'])), { jobs, leftOut: [] })
})

conditions('what is not known yet holds', () => {
  const jobs = [makeJob('arm', { when: { label: 'arch=arm64' } })]
  assert.equal(applyConditions(jobs, facts(undefined)), { jobs, leftOut: [] })
})

const byVariables: Array<[NonNullable<Job['when']>['env'], Record<string, string>, string?]> = [
  ['CI', { CI: '' }],
  ['CI', {}, 'there is no variable CI'],
  ['toString', {}, 'there is no variable toString'],
  [{ CI: '1' }, { CI: '1' }],
  [{ CI: '1' }, { CI: '2' }, 'the variable CI is not "1"'],
  [{ CI: '1' }, {}, 'the variable CI is not "1"'],
  [
    { CI: '1', OS: 'x' },
    { CI: '1', OS: 'x' }
  ],
  [{ CI: '1', OS: 'x' }, { CI: '1' }, 'the variable OS is not "x"']
]
for (const [env, variables, why] of byVariables)
  conditions(`when env is ${JSON.stringify(env)}, with ${JSON.stringify(variables)}: ${why ?? 'it is there'}`, () => {
    const { leftOut } = applyConditions([makeJob('a', { when: { env } })], facts([], variables))
    assert.equal(
      leftOut.map(each => each.why),
      why == null ? [] : [why]
    )
  })

conditions('a need under a condition that does not hold is none, nor is the input that goes with it', () => {
  const jobs = [
    makeJob('docs', { outputs: ['html'] }),
    makeJob('all', { needs: [{ job: 'docs', when: { env: 'DOCS' } }], inputs: [{ job: 'docs', output: 'html' }] })
  ]
  const [, without] = applyConditions(jobs, facts([])).jobs
  assert.equal([without?.needs, without?.inputs], [[], []])
  assert.equal(applyConditions(jobs, facts([], { DOCS: '1' })).jobs, jobs)
})

conditions('a job that is needed twice is needed if one of the conditions holds', () => {
  const needs = [{ job: 'a', when: { env: 'X' } }, 'a']
  const { jobs } = applyConditions([makeJob('a'), makeJob('b', { needs })], facts([]))
  assert.equal(jobs[1]?.needs.map(({ job }) => job).includes('a'), true)
})

conditions.run()
