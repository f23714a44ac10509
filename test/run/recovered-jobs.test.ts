/** Jobs of a run whose daemon was killed: what the journal and the records tell of them. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { recoverJobs } from '../../node/run/recovered-jobs.ts'
import { RunFolder } from '../../node/store/run-folder.ts'
import { peek, type Signed, seal } from '../../protocols/envelope.ts'
import type { StoredEvent } from '../../protocols/events.ts'
import { type JobResult, jobResultSubject } from '../../protocols/jobs/job-result.ts'
import { readJobsFile, resultOf } from '../../protocols/jobs/read-jobs-file.ts'
import type { RunRecord } from '../../protocols/record.ts'
import { newSigner } from '../helpers/streams.ts'
import { run, runRecord } from '../protocols/samples.ts'
import { scratch } from '../store/scratch.ts'

const recovery = suite('jobs of a run whose daemon was killed')

const member = newSigner()
const setup = { role: 'setup' as const }
const work = { role: 'work' as const, step: { number: 1, name: 'default', sample: 1 } }
const numbered = (events: object[]): StoredEvent[] => events.map((each, n) => ({ n, at: n, ...each }) as StoredEvent)

function resultOfJob(job: string, attempt: number, outcome: JobResult['outcome'] = 'done'): Signed<JobResult> {
  const result: JobResult = {
    ...{ run, graph: work, job, attempt, key: 'a'.repeat(64), outcome, timedOut: false, duration: 7 },
    ...{ inputs: [], outputs: [{ path: 'o', digest: 'b'.repeat(64), kind: 'file', bytes: attempt }] },
    ...{ lines: 0, dropped: 0, tail: [], platform: 'linux-x64' }
  }
  const envelope = seal(jobResultSubject, result, member)
  return { by: member.peer, value: peek(jobResultSubject, envelope), envelope }
}

recovery(
  'graphs that were over stay as they were written, and of the open one the journal and results tell',
  async () => {
    const folder = new RunFolder(scratch())
    const before = { graph: setup, job: 'build', role: 'setup' as const, state: 'done' as const }
    await folder.writeJobs({ format: 1, jobs: [{ ...before, needs: [], attempts: [], outputs: [] }] })
    const events = numbered([
      { type: 'graph', graph: setup, jobs: [{ job: 'build', needs: [] }] },
      { type: 'job', graph: setup, job: 'build', state: 'done' },
      {
        type: 'graph',
        graph: work,
        jobs: [
          { job: 'a', needs: [] },
          { job: 'b', needs: ['a'] },
          { job: 'c', needs: ['b'] }
        ]
      },
      { type: 'job', graph: work, job: 'a', state: 'running', member: 'n1', attempt: 1 },
      { type: 'job', graph: work, job: 'a', state: 'queued', member: 'n1', attempt: 1, reason: 'n1 was lost' },
      { type: 'job', graph: work, job: 'a', state: 'running', member: 'n1', attempt: 2 },
      { type: 'job', graph: work, job: 'a', state: 'done', member: 'n1', attempt: 2 },
      { type: 'job', graph: work, job: 'b', state: 'running', member: 'n2', attempt: 1 }
    ])
    const record = structuredClone(runRecord) as RunRecord
    const results = [resultOfJob('a', 2), resultOfJob('a', 1, 'failed'), resultOfJob('b', 1)]
    const told = await recoverJobs({ folder, record, events, results })
    const jobs = (await readJobsFile(folder.root)) ?? []
    assert.equal(told, jobs)
    assert.equal(
      jobs.map(({ job, state }) => [job, state]),
      [
        ['build', 'done'],
        ['a', 'done'],
        ['b', 'cancelled'],
        ['c', 'cancelled']
      ]
    )
    const [, a, b, c] = jobs
    assert.equal([a?.member, a?.outputs[0]?.bytes, a?.by], ['n1', 2, member.peer])
    assert.is(resultOf(a ?? {})?.attempt, 2)
    const tried = (entry: typeof a) => entry?.attempts.map(each => `${each.attempt} ${each.member} ${each.outcome}`)
    assert.equal([tried(a), tried(b), tried(c)], [['1 n1 lost', '2 n1 done'], ['1 n2 lost'], []])
    assert.equal(
      a?.attempts.map(({ reason }) => reason),
      ['n1 was lost', undefined]
    )
    assert.equal([b?.result, b?.outputs, b?.reason], [undefined, [], 'the daemon of the controller ended in mid run'])
    assert.equal(c?.needs, ['b'])
    assert.equal(record.jobs, { done: 2, cancelled: 2 })
  }
)

recovery('thousands of graphs that were not written take about as long as one that has all of their jobs', async () => {
  const graphOf = (sample: number) => ({ role: 'work' as const, step: { number: 1, name: 'default', sample } })
  const samples = Array.from({ length: 10_000 }, (_, i) => i + 1)
  const began = samples.map(sample => ({ type: 'graph', graph: graphOf(sample), jobs: [{ job: 'a', needs: [] }] }))
  const ended = samples.map(sample => ({ type: 'job', graph: graphOf(sample), job: 'a', state: 'done' }))
  const folder = { root: scratch(), writeJobs: async () => {} }
  const record = structuredClone(runRecord) as RunRecord
  const at = performance.now()
  await recoverJobs({ folder, record, events: numbered([...began, ...ended]), results: [] })
  assert.ok(performance.now() - at < 2_000)
  assert.equal(record.jobs, { done: 10_000 })
})

recovery('a run without jobs gets no file of them', async () => {
  const folder = new RunFolder(scratch())
  const record = structuredClone(runRecord) as RunRecord
  await recoverJobs({ folder, record, events: numbered([{ type: 'offered' }]), results: [] })
  assert.is(await readJobsFile(folder.root), undefined)
  assert.is(record.jobs, undefined)
})

recovery.run()
