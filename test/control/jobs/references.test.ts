/** What a person writes for a job or an artifact. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isGraphOf, readArtifactReference, readJobReference } from '../../../node/control/jobs/references.ts'
import { asBakError } from '../../../protocols/errors.ts'

const test = suite('references of jobs and artifacts')

const codeOf = (work: () => unknown) => {
  try {
    work()
    return undefined
  } catch (cause) {
    return asBakError(cause).code
  }
}

test('a job is its name, or that behind a run', () => {
  assert.equal(readJobReference('lib'), { job: 'lib' })
  assert.equal(readJobReference('last/lib'), { run: 'last', job: 'lib' })
  assert.equal(readJobReference('20261122T213015-k3f9ab/lib'), { run: '20261122T213015-k3f9ab', job: 'lib' })
  for (const wrong of ['', '/lib', 'last/', 'a b', 'last/*'])
    assert.is(
      codeOf(() => readJobReference(wrong)),
      'usage'
    )
})

const DIGEST = `${'abcdef'.repeat(10)}abcd`

for (const [text, run, meant] of [
  [DIGEST, undefined, { digest: DIGEST }],
  [DIGEST, 'last', { digest: DIGEST }],
  ['abcdef12', undefined, { release: 'abcdef12', digest: 'abcdef12' }],
  // so short a begin could be anything
  ['abc', undefined, { release: 'abc' }],
  ['app-1.2', undefined, { release: 'app-1.2' }],
  ['last/link', undefined, { outputs: { run: 'last', any: [{ job: 'link' }] } }],
  ['last/link/bin/app', undefined, { outputs: { run: 'last', any: [{ job: 'link', path: 'bin/app' }] } }],
  ['app', 'last', { outputs: { run: 'last', any: [{ path: 'app' }, { job: 'app' }] }, release: 'app' }],
  ['link/app', 'k3f9ab', { outputs: { run: 'k3f9ab', any: [{ path: 'link/app' }, { job: 'link', path: 'app' }] } }]
] as const) {
  test(`${text} ${run == null ? '' : `of the run ${run} `}means what it says`, () => {
    assert.equal(readArtifactReference(text, run), meant)
  })
}

test('what is no path, no name and no digest is a usage error', () => {
  for (const wrong of ['', '/x', 'a//b', '../x', 'last/link/../x', '-x', 'a b'])
    assert.is(
      codeOf(() => readArtifactReference(wrong)),
      'usage',
      wrong
    )
})

test('a graph is its role, its iteration or its sample', () => {
  const step = { number: 1, name: 'default', sample: 2 }
  const work = { role: 'work' as const, step }
  for (const text of ['work', '1-default', '1-default/sample2']) assert.ok(isGraphOf(work, text), text)
  for (const text of ['setup', '1-defaul', '1-default/sample']) assert.not(isGraphOf(work, text), text)
  assert.ok(isGraphOf({ role: 'setup' }, 'setup'))
})

test.run()
