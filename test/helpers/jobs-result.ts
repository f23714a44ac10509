/**
 * A result of jobs: `build` before a sample whose jobs are a diamond and a pair beside it, and `table` behind it. One job was given to another member,
 * one is known already, and one may have failed. Its record is not sealed.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from '../../protocols/codec.ts'
import { seal } from '../../protocols/envelope.ts'
import type { GraphAt } from '../../protocols/jobs/graph-at.ts'
import { type JobOutput, type JobResult, jobResultSubject } from '../../protocols/jobs/job-result.ts'
import type { JobAttempt, JobEntry, JobsFile } from '../../protocols/jobs/jobs-file.ts'
import { JOBS_FILE, RECORD_FILE } from '../../protocols/layout.ts'
import { type RunRecord, writeRecord } from '../../protocols/record.ts'
import { member as signer, specOf } from '../protocols/samples.ts'
import { type SeriesResult, seriesResult } from './series-result.ts'

interface JobsShape {
  /** Is made. */
  folder: string
  /** Whether `lib` failed. */
  fails?: boolean
  samples?: number
  /** Further jobs of the sample, each of 10 ms. */
  further?: number
}

export interface JobsResult extends SeriesResult {
  entries: JobEntry[]
}

const NEEDS: Record<string, string[]> = {
  ...{ headers: [], lib: ['headers'], tool: ['headers'], app: ['lib', 'tool'], docs: [], site: ['docs'] }
}

export function jobsResult({ folder, fails = false, samples = 1, further = 0 }: JobsShape): JobsResult {
  const made = seriesResult({ folder, members: 3, iterations: ['default'], samples, seconds: 6, seed: 3 })
  const [m1 = '', m2 = '', m3 = ''] = made.members
  const { run, created } = made.record
  const setup = entryOf(run, { graph: { role: 'setup' }, job: 'build', member: m1, at: created + 400, took: 1500 })
  const ofSamples = made.samples.flatMap(({ step, began }) => {
    const graph: GraphAt = { role: 'work', step }
    const of = (job: string, member: string, at: number, took: number) =>
      entryOf(run, { graph, job, member, at: began + at, took, needs: NEEDS[job] ?? [] })
    const lost: JobAttempt = {
      ...{ attempt: 1, member: m2, outcome: 'lost', reason: `${m2} was lost` },
      ...{ offered: began + 600, ended: began + 1400 }
    }
    const tool = of('tool', m3, 1500, 900)
    const lib = of('lib', m2, 620, 700)
    const app = of('app', m1, 2450, 1800)
    return [
      of('headers', m1, 100, 500),
      fails ? failed(lib, run) : lib,
      { ...tool, attempts: [lost, ...tool.attempts.map(each => ({ ...each, attempt: 2 }))] },
      fails ? { ...bare(app), state: 'skipped' as const, reason: 'lib failed', from: ['lib'] } : app,
      {
        ...of('docs', m3, 0, 100),
        ...{ state: 'reused' as const, attempts: [], run: '20261121T213015-k3aaaa', why: 'its result is known' }
      },
      of('site', m3, 150, 1200),
      ...Array.from({ length: further }, (_, i) => of(`j${i}`, m1, 20 * i, 10))
    ]
  })
  const last = made.samples.at(-1)?.began ?? created
  const report = entryOf(run, { graph: { role: 'report' }, job: 'table', member: m1, at: last + 5000, took: 300 })
  const entries: JobEntry[] = [
    setup,
    ...ofSamples,
    fails ? { ...bare(report), state: 'cancelled', reason: 'the run failed' } : report
  ]
  const file: JobsFile = { format: 1, jobs: entries }
  writeFileSync(join(folder, JOBS_FILE), JSON.stringify(file))
  const record = recordOf(made.record, entries, fails)
  writeFileSync(join(folder, RECORD_FILE), writeRecord(record))
  return { ...made, record, entries }
}

interface Shape {
  graph: GraphAt
  job: string
  member: string
  /** ms since 1970 */
  at: number
  took: number
  needs?: string[]
}

function entryOf(run: string, { graph, job, member, at, took, needs = [] }: Shape): JobEntry {
  const outputs: JobOutput[] = [{ path: `${job}.out`, digest: digestOf(job), kind: 'file', bytes: 1000 + job.length }]
  const attempt: JobAttempt = { attempt: 1, member, outcome: 'done', offered: at - 20, ended: at + took }
  const entry: JobEntry = {
    ...{ graph, job, role: graph.role, state: 'done', needs, attempts: [attempt], member, by: signer.peer },
    ...{ why: 'no result of these inputs is known', began: at, duration: took, outputs }
  }
  return { ...entry, result: sealed(run, entry, {}) }
}

/** As it is known without an attempt. */
const bare = ({ graph, job, role, needs }: JobEntry) => ({ graph, job, role, needs, attempts: [], outputs: [] })

function failed(entry: JobEntry, run: string): JobEntry {
  const attempts = entry.attempts.map(each => ({ ...each, outcome: 'failed' as const }))
  const bad: JobEntry = { ...entry, attempts, state: 'failed', reason: 'exit 1 in phase build', outputs: [] }
  const tail = ['#BAK:PHASE build', 'cc -c lib.c', 'lib.c:3: error']
  return { ...bad, result: sealed(run, bad, { outcome: 'failed', exit: 1, error: 'exit 1', phase: 'build', tail }) }
}

function sealed(run: string, entry: JobEntry, more: Partial<JobResult>): string {
  const { graph, job, outputs, began, duration = 0 } = entry
  const result: JobResult = {
    ...{ run, graph, job, attempt: 1, key: digestOf(job), outcome: 'done', exit: 0, timedOut: false, began, duration },
    ...{ inputs: [], outputs, lines: 2, dropped: 0, tail: [], platform: 'linux-x64', ...more }
  }
  return Buffer.from(encode(seal(jobResultSubject, result, signer))).toString('base64')
}

function recordOf(record: RunRecord, entries: JobEntry[], fails: boolean): RunRecord {
  const role = (job: string) => entries.find(each => each.job === job)?.role ?? 'work'
  const names = [...new Set(entries.map(({ job }) => job))]
  const job = names.map(name => ({ name, role: role(name), command: ['true'], outputs: [`${name}.out`] }))
  const { command: _, ...spec } = specOf({ job, samples: record.spec.samples })
  const jobs: RunRecord['jobs'] = {}
  for (const { state } of entries) jobs[state] = (jobs[state] ?? 0) + 1
  const steps = record.workload.map(({ step }) => step)
  const error = fails ? { error: '1 of 6 jobs failed' } : { exit: 0 }
  const workload = steps.map(step => ({ step, jobs: true as const, duration: 4250, timedOut: false, ...error }))
  return {
    ...{ ...record, spec, jobs, workload },
    ...(fails ? { verdict: 'workload-failed' as const, status: 1, reason: 'job lib failed' } : {})
  }
}

const digestOf = (job: string) => Buffer.from(job.padEnd(32, '.')).toString('hex').slice(0, 64)
