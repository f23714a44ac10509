/** What is kept of jobs and can be found again, also behind a restart, a crash and damage; and what goes first. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../node/log.ts'
import { JobRecords } from '../../node/store/job-records.ts'
import type { JobBounds } from '../../node/store/jobs/trim-jobs.ts'
import type { Signer } from '../../protocols/envelope.ts'
import { badlySigned, hex, jobEntryOf, signedResult } from '../helpers/job-results.ts'
import { newSigner } from '../helpers/streams.ts'
import { scratch } from './scratch.ts'

const test = suite('records of jobs')

const [self, other, third] = [newSigner(), newSigner(), newSigner()] as [Signer, Signer, Signer]
const opened: JobRecords[] = []
test.after(() => {
  for (const each of opened) each.close()
})

function recordsIn(folder = scratch(), bounds?: JobBounds) {
  const said: string[] = []
  const log = createLog('info', line => said.push(line))
  const records = new JobRecords({ folder, self: self.peer, log, bounds })
  opened.push(records)
  return Object.assign(records, { said })
}
const jobsOf = (results: ReturnType<JobRecords['byKeys']>) => results.map(({ value }) => value.job)

test('a result is found by its key, by what it made, by its run and by its job, also behind a restart', () => {
  const folder = scratch()
  const before = recordsIn(folder)
  const result = signedResult(self)
  before.keep(result)
  before.keep(result)
  const check = (records: JobRecords) => {
    assert.equal(records.byKeys([hex(2), hex(1)]), [result])
    assert.equal(records.byOutput(hex(100)), [result])
    assert.equal(records.resultsOf(result.value.run), [result])
    assert.equal(records.resultsOf(result.value.run, { job: 'app' }), [])
    assert.equal(records.resultsOf(result.value.run, { attempt: 2 }), [])
    assert.equal(records.latestOf('lib'), result)
    assert.is(records.latestOf('app'), undefined)
    assert.is(
      records.latestOf('lib', ({ key }) => key === hex(2)),
      undefined
    )
  }
  check(before)
  before.close()
  check(recordsIn(folder))
})

test('of a key there is the newest of each signer, and nothing that has failed', () => {
  const records = recordsIn()
  for (const [signer, job, outcome] of [
    [self, 'first', 'done'],
    [self, 'second', 'done'],
    [other, 'third', 'done'],
    [third, 'fourth', 'failed'],
    [third, 'fifth', 'cancelled']
  ] as const) {
    records.keep(signedResult(signer, { job, outcome }))
  }
  assert.equal(jobsOf(records.byKeys([hex(1)])), ['third', 'second'])
  assert.equal(jobsOf(records.resultsOf('20261122T213015-k3f9ab')).sort(), [
    'fifth',
    'first',
    'fourth',
    'second',
    'third'
  ])
})

test('a result whose signature is wrong is not there when it is looked for', () => {
  const records = recordsIn()
  records.keep(badlySigned(signedResult(other)))
  assert.equal(records.byKeys([hex(1)]), [])
  assert.equal(records.byOutput(hex(100)), [])
})

test('what was written before a kill is there behind it', async () => {
  const folder = scratch()
  const program = fileURLToPath(new URL('../fixtures/keeps-job-results.ts', import.meta.url))
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let written = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written = Number(text.trim().split('\n').at(-1))
    if (written >= 200) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const records = recordsIn(folder)
  assert.is(records.byKeys(Array.from({ length: written }, (_, i) => hex(i + 1))).length, written)
  const { run, graph } = signedResult(self).value
  assert.equal(records.logs.read({ run, graph, job: `j${written}`, attempt: 1 }), [
    { n: 1, t: 0, text: `line of j${written}` }
  ])
  assert.equal(records.said, [])
})

test('a file that is damaged is begun anew, and said once', () => {
  const folder = scratch()
  const before = recordsIn(folder)
  before.keep(signedResult(self))
  before.close()
  for (const file of readdirSync(folder)) writeFileSync(join(folder, file), 'no database'.repeat(1_000))
  const records = recordsIn(folder)
  assert.equal(records.byKeys([hex(1)]), [])
  records.keep(signedResult(self))
  assert.is(records.byKeys([hex(1)]).length, 1)
  assert.is(records.said.length, 1)
  assert.match(records.said[0] ?? '', /file is not a database/)
})

test('a file of another format is begun anew', () => {
  const folder = scratch()
  const db = new DatabaseSync(join(folder, 'jobs.sqlite'))
  db.exec('CREATE TABLE results (other TEXT); PRAGMA user_version = 99')
  db.close()
  const records = recordsIn(folder)
  records.keep(signedResult(self))
  assert.is(records.byKeys([hex(1)]).length, 1)
})

test('where nothing can be written all calls go on without, and it is said once', async () => {
  const file = join(scratch(), 'file')
  writeFileSync(file, '')
  const records = recordsIn(join(file, 'jobs'))
  const { value } = signedResult(self)
  for (let n = 1; n <= 3; n++) {
    records.logs.append(value, [{ n, t: 0, text: 'lost' }])
    records.keep(signedResult(self))
    records.note(value.run, [])
    records.flush()
  }
  assert.equal([records.byKeys([hex(1)]), records.logs.read(value), records.select()], [[], [], []])
  await records.logs.grew(value, 1, AbortSignal.timeout(5_000))
  assert.is(records.said.length, 1)
})

test('a file that another process has locked holds up the daemon once, not with each change', () => {
  const folder = scratch()
  const records = recordsIn(folder)
  records.keep(signedResult(self))
  records.flush()
  const other = new DatabaseSync(join(folder, 'jobs.sqlite'))
  other.exec('BEGIN IMMEDIATE')
  const began = performance.now()
  for (let n = 0; n < 20; n++) {
    records.note(signedResult(self).value.run, [])
    records.flush()
  }
  assert.ok(performance.now() - began < 2_000)
  other.close()
  assert.is(records.said.length, 1)
  assert.match(records.said[0] ?? '', /locked/)
})

test('a peer that needs no records has no file of them', () => {
  const folder = join(scratch(), 'jobs')
  recordsIn(folder).close()
  assert.throws(() => readdirSync(folder), /ENOENT/)
})

test('the oldest results go: of others first those of who signed most, and never for them what was made here', () => {
  const bounds = { results: 10, resultBytes: 1e9, logs: 10, logBytes: 1e9, jobs: 10, jobBytes: 1e9 }
  const records = recordsIn(scratch(), bounds)
  const keep = (signer: Signer, from: number, count: number) => {
    for (let i = 0; i < count; i++) records.keep(signedResult(signer, { job: `j${from + i}`, key: hex(from + i) }))
  }
  const there = (from: number, count: number) =>
    jobsOf(records.byKeys(Array.from({ length: count }, (_, i) => hex(from + i))))
  keep(self, 1_000, 5)
  keep(third, 2_000, 4)
  keep(other, 3_000, 2_000)
  records.flush()
  assert.is(there(1_000, 5).length, 5)
  assert.is(there(2_000, 4).length, 4)
  const left = there(3_000, 2_000)
  assert.ok(left.length >= 6 && left.length < 1_000, `${left.length}`)
  assert.is(left.at(-1), 'j4999')
  assert.is(left[0], `j${5_000 - left.length}`)
})

test('the oldest jobs of runs go when there are too many, or too many bytes of them', () => {
  const [many, large] = [
    { jobs: 100, jobBytes: 1e9 },
    { jobs: 1e6, jobBytes: 100_000 }
  ].map(bounds => recordsIn(scratch(), { results: 10, resultBytes: 1e9, logs: 10, logBytes: 1e9, ...bounds }))
  for (const records of [many, large] as JobRecords[]) {
    for (let i = 0; i < 2_000; i++) {
      records.note('20261122T213015-k3f9ab', [jobEntryOf({ job: `j${i}`, why: 'x'.repeat(500) })])
    }
    const left = records.entriesOf('20261122T213015-k3f9ab').map(({ job }) => job)
    assert.ok(left.length >= 100 && left.length < 1_000, `${left.length}`)
    assert.ok(left.includes('j1999') && !left.includes('j0'))
  }
})

test('the oldest logs go when there are too many bytes of them, and one log is bounded by itself', () => {
  const bounds = { results: 10, resultBytes: 1e9, logs: 1_000, logBytes: 20 * 1024 * 1024, jobs: 10, jobBytes: 1e9 }
  const records = recordsIn(scratch(), bounds)
  const { run, graph } = signedResult(self).value
  const at = (job: string) => ({ run, graph, job, attempt: 1 })
  const line = 'x'.repeat(4_000)
  for (const job of ['old', 'new']) {
    for (let n = 1; n <= 5_000; n += 100) {
      records.logs.append(
        at(job),
        Array.from({ length: 100 }, (_, i) => ({ n: n + i, t: n + i, text: line }))
      )
    }
  }
  const last = records.logs.find(at('new'))?.last ?? 0
  assert.ok(last * 4_000 < 16 * 1024 * 1024 && last > 4_000, `${last}`)
  for (let i = 0; i < 2_000; i++) records.keep(signedResult(self))
  records.flush()
  assert.is(records.logs.find(at('old')), undefined)
  assert.equal(records.logs.read(at('old')), [])
  assert.is(records.logs.read(at('new'), 1, 10_000).length, last)
})

test.run()
