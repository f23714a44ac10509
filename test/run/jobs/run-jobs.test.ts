/** The jobs of a run over all its graphs: which apply, what became of them, what later graphs need. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { countsOf, RunJobs, unplacedJobs } from '../../../node/run/jobs/run-jobs.ts'
import { JOB_STATES } from '../../../protocols/jobs/job-state.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { specOf } from '../../protocols/samples.ts'

const test = suite('the jobs of a run')

const selectable = (name: string, labels: Record<string, string> = {}) => ({ peer: `id-${name}`, name, labels })
const members = [selectable('a', { arch: 'arm64' }), selectable('b')]
const job = (name: string, more: object = {}) => ({ name, script: 'true', ...more })
const spec = (...jobs: object[]) => specOf({ command: undefined, job: jobs })
const entry = (name: string, state: JobEntry['state']): JobEntry => ({
  ...{ graph: { role: 'setup' }, job: name, role: 'setup', state },
  ...{ needs: [], attempts: [], outputs: [] }
})

test('a graph has the jobs of its role that apply, and tells which it has not', () => {
  const jobs = new RunJobs(
    spec(
      job('build', { role: 'setup' }),
      job('for-mips', { role: 'setup', when: { label: 'arch=mips' } }),
      job('for-arm', { when: { label: 'arch=arm64' } }),
      job('all', { needs: ['for-arm'] })
    ),
    members
  )
  const named = (role: 'setup' | 'work' | 'report') => jobs.of({ role }).jobs.map(({ name }) => name)
  assert.equal([named('setup'), named('work'), named('report')], [['build'], ['for-arm', 'all'], []])
  assert.equal(jobs.of({ role: 'setup' }).leftOut, [{ job: 'for-mips', why: 'no member fits arch=mips' }])
  assert.equal(jobs.of({ role: 'work' }).leftOut, [])
})

test('a job that no member fits is refused by its place in the file, unless it does not apply', () => {
  const found = unplacedJobs(
    spec(job('a', { on: 'arch=mips', when: { label: 'arch=mips' } }), job('b', { on: 'arch=mips' }), job('c')),
    members
  )
  assert.equal(found, [{ path: ['job', 1, 'on'], what: 'no member of the run fits "arch=mips", as job b asks' }])
})

test('the file has the entries of each graph, once, and the record counts them', () => {
  const jobs = new RunJobs(spec(job('a')), members)
  jobs.note({ role: 'setup' }, { entries: [entry('a', 'running')], finished: new Map() })
  jobs.note({ role: 'setup' }, { entries: [entry('a', 'done'), entry('b', 'failed')], finished: new Map() })
  const step = { number: 1, name: 'default', sample: 1 }
  jobs.note({ role: 'work', step }, { entries: [entry('c', 'done')], finished: new Map() })
  assert.equal(
    jobs.dueFile(true)?.jobs.map(each => each.job),
    ['a', 'b', 'c']
  )
  assert.equal(jobs.counts, { done: 2, failed: 1 })
  assert.is(jobs.finishedOf({ role: 'report' }).size, 0)
})

test('of 100 graphs of a job each some times the file is written, and all of it at the end', () => {
  const jobs = new RunJobs(spec(job('a')), members)
  let written = 0
  for (let sample = 1; sample <= 100; sample++) {
    const step = { number: 1, name: 'default', sample }
    jobs.note({ role: 'work', step }, { entries: [entry('a', 'done')], finished: new Map() })
    written += jobs.dueFile(false)?.jobs.length ?? 0
  }
  assert.is(jobs.dueFile(true)?.jobs.length, 100)
  assert.is(written, 127)
  assert.is(jobs.dueFile(true), undefined, 'it is not written twice')
})

test('counts add up to as many jobs as there are', () => {
  const states = fc.array(fc.constantFrom(...JOB_STATES))
  fc.assert(
    fc.property(states, all => {
      const counts = countsOf(all.map(state => ({ state })))
      return Object.values(counts).reduce((sum, each) => sum + each, 0) === all.length
    })
  )
})

test.run()
