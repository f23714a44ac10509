/** Rows of jobs: which fit a filter, and that what a controller noted goes before what results tell. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { JobRecords } from '../../../node/store/job-records.ts'
import type { JobFilter } from '../../../protocols/jobs/job-records.ts'
import { resultText } from '../../../protocols/jobs/jobs-file.ts'
import { hex, jobEntryOf, signedResult } from '../../helpers/job-results.ts'
import { newSigner } from '../../helpers/streams.ts'
import { scratch } from '../scratch.ts'

const test = suite('rows of jobs')

const [self, other] = [newSigner(), newSigner()]
const records = new JobRecords({ folder: scratch(), self: self.peer, log: createLog('error', () => {}) })
test.after(() => records.close())
const [driven, heard] = ['20261122T213015-k3f9ab', '20261122T213016-aaaaaa']
const own = '20261122T213017-bbbbbb'
const step = { number: 1, name: 'default', sample: 1 }

test.before(() => {
  const failed = { outcome: 'failed' as const, exit: 3, attempt: 2, job: 'app', error: 'exit 3', outputs: [] }
  records.note(driven, [
    jobEntryOf({ state: 'running', began: 950 }),
    jobEntryOf({ job: 'app', state: 'waiting', attempts: [], member: undefined })
  ])
  records.note(driven, [
    jobEntryOf({ began: 950, duration: 20, why: 'no result of these inputs is known', by: self.peer, result: 'AAAA' }),
    jobEntryOf({
      job: 'app',
      state: 'failed',
      by: self.peer,
      attempts: [{ attempt: 2, member: 'n2', outcome: 'failed', offered: 1 }]
    }),
    jobEntryOf({ job: 'all', state: 'skipped', attempts: [], member: undefined, from: ['app'] })
  ])
  records.logs.append({ run: driven, graph: { role: 'setup' }, job: 'app', attempt: 2 }, [{ n: 1, t: 0, text: 'no' }])
  records.keep(signedResult(self, { run: driven }))
  records.keep(signedResult(self, { run: driven, ...failed }))
  records.keep(
    signedResult(other, { run: heard, graph: { role: 'work', step }, job: 'x1', attempt: 1, outcome: 'failed' })
  )
  records.keep(signedResult(other, { run: heard, graph: { role: 'work', step }, job: 'x1', attempt: 2 }))
  records.keep(signedResult(other, { run: heard, graph: { role: 'work', step }, job: 'y[1', attempt: 1 }))
})

const fitting = (filter: JobFilter) => records.select(filter).map(({ job, state }) => `${job} ${state}`)

for (const [words, filter, expected] of [
  ['no condition', {}, ['all skipped', 'app failed', 'lib done', 'x1 done', 'y[1 done']],
  ['a run', { run: heard }, ['x1 done', 'y[1 done']],
  ['a role', { role: 'work' }, ['x1 done', 'y[1 done']],
  ['a name', { job: 'lib' }, ['lib done']],
  ['a pattern', { job: 'a*' }, ['all skipped', 'app failed']],
  ['signs that are no pattern', { job: 'y[1' }, ['y[1 done']],
  ['signs that would be a pattern', { job: 'x[0-9]' }, []],
  ['a question mark', { job: 'li?' }, []],
  ['states', { states: ['failed', 'skipped'] }, ['all skipped', 'app failed']],
  ['no states', { states: [] }, []],
  ['the name of a member', { member: 'n*' }, ['app failed', 'lib done']],
  ['the id of a peer', { member: other.peer }, ['x1 done', 'y[1 done']],
  ['a time to come', { since: Date.now() + 3_600_000 }, []],
  ['several conditions', { states: ['done'], role: 'setup', job: '*' }, ['lib done']]
] as Array<[string, JobFilter, string[]]>) {
  test(`${words} fits ${expected.length}`, () => assert.equal(fitting(filter).sort(), expected))
}

test('a row says what the controller noted, and of its result the exit and the key', () => {
  const [app] = records.select({ job: 'app' })
  assert.equal(
    { ...app, at: 0 },
    {
      ...{
        run: driven,
        graph: { role: 'setup' },
        job: 'app',
        state: 'failed',
        member: 'n1',
        by: self.peer,
        attempt: 2,
        at: 0
      },
      ...{ exit: 3, key: hex(1), outputs: 0, bytes: 0, log: true }
    }
  )
  const [all] = records.select({ job: 'all' })
  assert.equal(all?.from, ['app'])
  assert.is(records.select({ job: 'lib' })[0]?.why, 'no result of these inputs is known')
})

test('a row of a run that others drove is that of the last attempt', () => {
  const [row] = records.select({ job: 'x1' })
  assert.equal(
    [row?.graph, row?.attempt, row?.by, row?.outputs, row?.bytes],
    [{ role: 'work', step }, 2, other.peer, 1, 5]
  )
})

test('no more rows come than were asked for, the newest first', async () => {
  await new Promise(resolve => setTimeout(resolve, 5))
  records.note(driven, [jobEntryOf({ job: 'last' })])
  assert.equal(fitting({ limit: 1 }), ['last done'])
})

test('entries are those that were noted last, without their results', () => {
  assert.equal(
    records.entriesOf(driven, { job: 'lib' }).map(({ state, result }) => [state, result]),
    [['done', undefined]]
  )
  assert.is(records.entriesOf(driven).length, 4)
  assert.equal(records.entriesOf(heard), [])
  const attempt = { attempt: 1, member: 'n1', outcome: 'cancelled' as const, offered: 1 }
  records.note(own, [jobEntryOf({ job: 'again', attempts: [{ ...attempt, result: 'AAAA' }] })])
  assert.equal(records.entriesOf(own, { job: 'again' })[0]?.attempts, [attempt], 'also those of earlier attempts')
})

test('a result was taken where the job was done by it, and by no other of the same attempt and outputs', () => {
  const lib = signedResult(self, { run: own, job: 'taken' })
  const text = resultText(lib.envelope)
  const entry = jobEntryOf({ job: 'taken', by: self.peer, outputs: lib.value.outputs })
  records.note(own, [{ ...entry, result: text }])
  assert.ok(records.hasTaken(lib))
  assert.not(records.hasTaken(signedResult(self, { run: own, job: 'taken', key: hex(2) })))
  assert.not(records.hasTaken(signedResult(other, { run: own, job: 'taken' })))
  records.note(own, [{ ...entry, state: 'failed', result: text }])
  assert.not(records.hasTaken(lib))
})

test('what another says of the same attempt is not in the row, nor do numbers of it that are too large take rows away', () => {
  const outputs = ['a', 'b'].map(path => ({
    path,
    digest: hex(9),
    kind: 'file' as const,
    bytes: Number.MAX_SAFE_INTEGER
  }))
  const third = newSigner()
  const forged = { run: own, graph: { role: 'report' as const }, job: 'forged', outputs }
  records.note(own, [jobEntryOf({ graph: forged.graph, job: 'forged', by: self.peer })])
  records.keep(signedResult(third, { ...forged, key: hex(7), exit: 5 }))
  records.keep(signedResult(third, { ...forged, job: 'large' }))
  const [row] = records.select({ job: 'forged' })
  assert.equal([row?.exit, row?.key], [undefined, undefined])
  assert.is(records.select({ job: 'large' })[0]?.bytes, Number.MAX_SAFE_INTEGER)
})

test.run()
