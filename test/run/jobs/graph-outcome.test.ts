/** What a graph of jobs came to, in words and as entries of the record. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { troublesIn, whyGraphFailed, workEntryOf } from '../../../node/run/jobs/graph-outcome.ts'
import type { JobAttempt, JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { failureOf, hasFailed } from '../../../protocols/work-entry.ts'
import { specOf } from '../../protocols/samples.ts'

const test = suite('what a graph of jobs came to')

const attempt = (number: number, outcome: JobAttempt['outcome'], more: object = {}): JobAttempt => ({
  ...{ attempt: number, member: `n${number}`, outcome, offered: 1 },
  ...more
})
const entry = (job: string, state: JobEntry['state'], more: Partial<JobEntry> = {}): JobEntry => ({
  ...{ graph: { role: 'work' }, job, role: 'work', state, needs: [], attempts: [], outputs: [] },
  ...more
})

const table: Array<[title: string, entries: JobEntry[], why: string | undefined]> = [
  [
    'jobs that are done, reused or left out are no failure',
    [entry('a', 'done'), entry('b', 'reused'), entry('c', 'left-out')],
    undefined
  ],
  ['no jobs at all are none', [], undefined],
  [
    'one that failed is named with its member and why',
    [entry('a', 'done'), entry('lib', 'failed', { member: 'n2', reason: 'exit 1', attempts: [attempt(1, 'failed')] })],
    'job lib on n2: exit 1'
  ],
  [
    'a later attempt is named, and how many failed and were skipped',
    [
      entry('lib', 'failed', { member: 'n2', reason: 'exit 1', attempts: [attempt(1, 'lost'), attempt(2, 'failed')] }),
      entry('app', 'skipped'),
      entry('doc', 'failed', { reason: 'no member' })
    ],
    'job lib on n2, attempt 2: exit 1; 2 jobs failed in all; 1 was skipped'
  ],
  [
    'jobs that were cancelled did not come to an end',
    [entry('a', 'done'), entry('b', 'cancelled', { reason: 'cancelled by n1: Ctrl-C' })],
    '1 of 2 jobs did not come to an end: cancelled by n1: Ctrl-C'
  ],
  ['neither did one that runs', [entry('b', 'running')], '1 of 1 jobs did not come to an end: the graph was ended']
]
for (const [title, entries, why] of table) test(title, () => assert.is(whyGraphFailed(entries), why))

test('the record has the jobs of a sample as one entry, which has failed where they have', () => {
  const step = { number: 1, name: 'default', sample: 2 }
  const good = workEntryOf(step, [entry('a', 'done')], 12)
  assert.equal(good, { step, jobs: true, exit: 0, duration: 12, timedOut: false })
  assert.not.ok(hasFailed(good))
  const bad = workEntryOf(step, [entry('a', 'failed', { reason: 'exit 2' })], 12)
  assert.ok(hasFailed(bad))
  assert.is(failureOf(bad, specOf()), 'job a: exit 2')
})

test('attempts that were lost before a job was done are told, of others nothing', () => {
  const tried = [attempt(1, 'lost', { reason: 'n1 could not be reached' }), attempt(2, 'broken'), attempt(3, 'done')]
  assert.equal(
    troublesIn([entry('a', 'done', { attempts: tried }), entry('b', 'done', { attempts: [attempt(1, 'done')] })]),
    ['job a: attempt 1 on n1: n1 could not be reached; attempt 2 on n2: broken; done in attempt 3']
  )
  assert.equal(troublesIn([entry('a', 'failed', { attempts: tried })]), [])
  assert.equal(troublesIn([entry('a', 'done', { attempts: [attempt(0, 'refused'), attempt(1, 'done')] })]), [])
})

test.run()
