/** The run files of examples/ with jobs: what they are, without a mesh. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { graphOfJobs } from '../../../protocols/jobs/graph.ts'
import { inputsOf } from '../../../protocols/jobs/job-inputs.ts'
import { checkSpec, readRunFile } from '../../../protocols/run-file.ts'

const test = suite('examples of jobs')
const folder = join(import.meta.dirname, '../../../examples')
const read = (name: string) => checkSpec(readRunFile(readFileSync(join(folder, name), 'utf8'), name))

test('build.toml compiles each source by itself, and links all of them', () => {
  const { job, policy } = read('build.toml')
  const { order, roots } = graphOfJobs(job)
  const app = job.find(({ name }) => name === 'app')
  assert.equal(roots, ['app'])
  assert.is(order.at(-1), 'app')
  assert.is(policy.quorum, 1)
  const sources = readdirSync(join(folder, 'build')).filter(name => name.endsWith('.c'))
  const compiled = job.flatMap(({ inputs }) => inputsOf({ needs: [], inputs }, job).map(({ at }) => at))
  for (const source of sources) assert.is(compiled.filter(at => at === `build/${source}`).length, 1, source)
  assert.equal(
    inputsOf(app as never, job).map(({ at }) => at),
    ['main/main.o', 'sieve/sieve.o', 'clock/clock.o']
  )
})

test('an object needs the headers that its source includes', () => {
  const { job } = read('build.toml')
  for (const { name, inputs } of job) {
    const given = inputsOf({ needs: [], inputs }, job).map(({ at }) => at.replace('build/', ''))
    for (const source of given.filter(at => at.endsWith('.c'))) {
      const text = readFileSync(join(folder, 'build', source), 'utf8')
      for (const [, header = ''] of text.matchAll(/#include "([^"]+)"/g))
        assert.ok(given.includes(header), `${name}: ${header}`)
    }
  }
})

test('build-and-measure.toml builds before, measures on all members, and reports behind it', () => {
  const { job, workload, stage_outputs, policy } = read('build-and-measure.toml')
  assert.equal(
    job.map(({ name, role }) => `${name} ${role}`),
    ['build setup', 'table report']
  )
  assert.equal(stage_outputs, [{ job: 'build', output: 'sieve' }])
  assert.equal(workload[0]?.command.slice(0, 1), ['./sieve'])
  assert.is(policy.quorum, 'all')
})

test.run()
