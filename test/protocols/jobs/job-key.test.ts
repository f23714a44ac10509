/** What a job runs, with which variables and inputs, and the key of all that. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isSameJob, jobDifferences } from '../../../protocols/jobs/job-differences.ts'
import { inputsOf } from '../../../protocols/jobs/job-inputs.ts'
import { jobKey, type KeyParts } from '../../../protocols/jobs/job-key.ts'
import { isOfShell, scriptOf } from '../../../protocols/jobs/job-script.ts'
import { variablesOf } from '../../../protocols/jobs/job-variables.ts'
import { makeJob } from './some-jobs.ts'

const key = suite('the key of a job')
const DIGEST = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)

key('all outputs of a need are at its name, and inputs where they say or would be staged', () => {
  const jobs = [makeJob('lib', { outputs: ['lib.a', 'include'] }), makeJob('gen', { outputs: ['x'] })]
  const job = makeJob('app', {
    needs: ['lib'],
    inputs: [
      '/home/me/./src/main.c',
      { path: '/etc/hosts' },
      { path: 'data', as: 'deep/data' },
      { job: 'gen', as: 'all' },
      { job: 'gen', output: 'x' },
      { job: 'lib', output: 'lib.a', as: 'lib.a' },
      { url: 'https://example.org/a/zlib%2B1.tar.gz?x=1', sha256: DIGEST },
      { result: '1-default/sample1/workload' },
      { result: '.' }
    ]
  })
  assert.equal(
    inputsOf(job, jobs).map(({ at, from }) => `${at} ${from.type}`),
    [
      ...['lib/lib.a job', 'lib/include job', 'src/main.c path', 'hosts path', 'deep/data path', 'all/x job'],
      ...['gen/x job', 'lib.a job', 'zlib+1.tar.gz url', 'workload result', 'result result']
    ]
  )
})

key('an output that is needed and given as an input of the same place is there once', () => {
  const jobs = [makeJob('lib', { outputs: ['lib.a'] })]
  const job = makeJob('app', { needs: ['lib'], inputs: [{ job: 'lib', output: 'lib.a' }, { job: 'lib' }] })
  assert.equal(inputsOf(job, jobs), [{ at: 'lib/lib.a', from: { type: 'job', job: 'lib', output: 'lib.a' } }])
})

key('variables of the job go before those of all, and parameters are added', () => {
  const spec = { jobs: { env: { CC: 'cc', LANG: 'C' }, fail_fast: false, cache: true, lines: 10 } }
  const job = makeJob('a', { env: { CC: 'clang' } })
  assert.equal(variablesOf(job, spec, { params: { 'block-size': '4k' } }), {
    CC: 'clang',
    LANG: 'C',
    BAK_PARAM_BLOCK_SIZE: '4k'
  })
  assert.equal(variablesOf(job, {}), { CC: 'clang' })
})

key('a script has its shebang once, and phases are said before they begin, in their order', () => {
  assert.is(scriptOf(makeJob('a', { script: 'make' })), '#!/bin/sh -e\nmake\n')
  assert.is(
    scriptOf(makeJob('a', { script: '#!/usr/bin/env python3\nprint(1)\n' })),
    '#!/usr/bin/env python3\nprint(1)\n'
  )
  assert.is(
    scriptOf(makeJob('a', { shebang: '#!/bin/bash', phases: { unpack: 'tar x', build: 'make\n' } })),
    "#!/bin/bash\necho '#BAK:PHASE unpack'\ntar x\necho '#BAK:PHASE build'\nmake\n"
  )
  assert.is(scriptOf(makeJob('a', { command: ['make'] })), undefined)
})

key('shells are told from other interpreters', () => {
  const shells = ['#!/bin/sh', '#!/bin/sh -e', '#! /bin/bash -eu', '#!/usr/bin/env bash', '#!/usr/bin/env -S dash -e']
  for (const each of shells) assert.ok(isOfShell(each), each)
  for (const each of ['#!/usr/bin/python3', '#!/usr/bin/env node', '#!/usr/bin/fish', '#!/bin/sh.d/x', '#!/bin/shell'])
    assert.not(isOfShell(each), each)
})

const parts: KeyParts = {
  job: makeJob('a', { script: 'make', outputs: ['x', 'y'] }),
  variables: { CC: 'cc', LANG: 'C' },
  platform: 'linux-x64',
  inputs: [
    { path: 'src', digest: DIGEST },
    { path: 'lib/x', digest: OTHER }
  ]
}

key('a key does not change by the order of what it is of, nor by the name of the job or where it runs', () => {
  const same: KeyParts = {
    ...parts,
    job: makeJob('b', { script: 'make', outputs: ['y', 'x'], on: 'n1', slots: 4, retries: 0, timeout: 9 }),
    variables: { LANG: 'C', CC: 'cc' },
    inputs: [...parts.inputs].reverse()
  }
  assert.is(jobKey(same), jobKey(parts))
})

const changes: Record<string, Partial<KeyParts>> = {
  script: { job: makeJob('a', { script: 'make all', outputs: ['x', 'y'] }) },
  shebang: { job: makeJob('a', { script: 'make', shebang: '#!/bin/bash', outputs: ['x', 'y'] }) },
  'a command in its place': { job: makeJob('a', { command: ['make'], outputs: ['x', 'y'] }) },
  outputs: { job: makeJob('a', { script: 'make', outputs: ['x'] }) },
  'value of a variable': { variables: { CC: 'gcc', LANG: 'C' } },
  'name of a variable': { variables: { CXX: 'cc', LANG: 'C' } },
  platform: { platform: 'linux-arm64' },
  image: { image: 'gcc:14' },
  'content of an input': { inputs: [{ path: 'src', digest: OTHER }, ...parts.inputs.slice(1)] },
  'place of an input': { inputs: [{ path: 'source', digest: DIGEST }, ...parts.inputs.slice(1)] },
  'an input less': { inputs: parts.inputs.slice(1) }
}
for (const [what, change] of Object.entries(changes))
  key(`a key changes with the ${what}`, () => assert.is.not(jobKey({ ...parts, ...change }), jobKey(parts)))

key('keys of different variables and inputs are different', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 4 })
  const variables = fc.dictionary(fc.stringMatching(/^[A-Z_]{1,3}$/), text, { maxKeys: 3 })
  const sorted = (each: Record<string, string>) => JSON.stringify(Object.entries(each).sort())
  fc.assert(
    fc.property(variables, variables, (one, other) => {
      const [a, b] = [jobKey({ ...parts, variables: one }), jobKey({ ...parts, variables: other })]
      assert.is(a === b, sorted(one) === sorted(other))
    })
  )
})

const differences: Array<[string, Partial<KeyParts>, string[]]> = [
  ['nothing', {}, []],
  ['its script', { job: makeJob('a', { script: 'x' }) }, ['its script, its variables or its outputs have changed']],
  ['an input', { inputs: [{ path: 'src', digest: OTHER }, ...parts.inputs.slice(1)] }, ['input src has changed']],
  [
    'which inputs there are',
    { inputs: [{ path: 'source', digest: DIGEST }, ...parts.inputs.slice(1)] },
    ['input source is new', 'input src is not there any more']
  ],
  ['the platform', { platform: 'linux-arm64' }, ['it ran on linux-x64 before, not on linux-arm64']],
  ['the image', { image: 'gcc:14' }, ['the image has changed, from none to gcc:14']]
]
for (const [what, change, said] of differences)
  key(`where ${what} changed, it is said: ${said.join('; ') || '(nothing)'}`, () => {
    const now = { ...parts, ...change }
    const before = { ...parts, key: jobKey(parts), outputs: [], inputs: [...parts.inputs], image: undefined }
    assert.equal(jobDifferences({ ...now, key: jobKey(now) }, before), said)
  })

key('a result of a job with this name that shares neither an input nor an output with it is of another job', () => {
  const before = { key: DIGEST, outputs: [], inputs: [...parts.inputs], platform: 'linux-x64' }
  const output = { path: 'app', digest: OTHER, kind: 'file' as const, bytes: 1 }
  const bare = { job: makeJob('a'), inputs: [] }
  assert.ok(isSameJob({ ...bare, inputs: parts.inputs.slice(1) }, before))
  assert.not(isSameJob({ ...bare, inputs: [{ path: 'other', digest: DIGEST }] }, before))
  assert.not(
    isSameJob({ job: makeJob('a', { outputs: ['app'] }), inputs: [{ path: 'other', digest: DIGEST }] }, before)
  )
  assert.ok(
    isSameJob(
      { job: makeJob('a', { outputs: ['app', 'map'] }), inputs: [] },
      { ...before, inputs: [], outputs: [output] }
    )
  )
  assert.ok(isSameJob(bare, { ...before, inputs: [] }))
  assert.not(isSameJob(bare, before))
})

key.run()
