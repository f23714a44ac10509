/** Events of jobs, as tests of views make them. */
import { noProgress, type Progress, reduce } from '../../../cli/progress.ts'
import { check } from '../../../protocols/codec.ts'
import { type EventBody, type LiveBody, type RunEvent, runEvent } from '../../../protocols/events.ts'
import type { JobChange, JobProgress, JobState } from '../../../protocols/jobs/job-state.ts'
import { AT, created, rosterOf } from '../fake.ts'

export const step = { number: 1, name: 'default', sample: 1 }
export const work = { role: 'work', step } as const

/** headers <- lib, tool <- app; docs <- site */
export const needs = {
  headers: [],
  lib: ['headers'],
  tool: ['headers'],
  app: ['lib', 'tool'],
  docs: [],
  site: ['docs']
}

export const graph = (of: Record<string, string[]> = needs, at: JobChange['graph'] = work): EventBody => ({
  ...{ type: 'graph', graph: at },
  jobs: Object.entries(of).map(([job, needs]) => ({ job, needs }))
})

export const opened: EventBody = {
  ...{ type: 'phase-open', seq: 9, phase: 'work', part: 'jobs', step, asked: 3, needed: 1 }
}

export const change = (job: string, state: JobState, more: Partial<JobChange> = {}): EventBody => ({
  ...{ type: 'job', graph: work, job, state, ...more }
})

export const progress = (job: string, more: Partial<JobProgress>): LiveBody => ({
  ...{ type: 'job-progress', graph: work, job, ...more }
})

/** A tenth of a second apart, each as it passes through the schema. */
export const timedJobs = (bodies: Array<EventBody | LiveBody>): RunEvent[] =>
  bodies.map((body, i) => check(runEvent as never, { n: i + 1, at: AT + 100 * i, ...body }) as RunEvent)

export const stateOf = (...bodies: Array<EventBody | LiveBody>): Progress =>
  timedJobs([created, rosterOf('n1', 'n2', 'n3'), opened, ...bodies]).reduce(reduce, noProgress)

/** Two of these have their own say: lib fails on n2, and docs is known. */
export const failing: Array<EventBody | LiveBody> = [
  graph(),
  change('headers', 'running', { member: 'n1', attempt: 1, why: 'no result of these inputs is known' }),
  change('headers', 'done', { member: 'n1', attempt: 1, bytes: 12_345 }),
  change('docs', 'reused', { member: 'n3', bytes: 888, why: 'its result is known' }),
  change('tool', 'queued', { member: 'n2', attempt: 1, reason: 'n2 was lost' }),
  change('tool', 'running', { member: 'n3', attempt: 2, why: 'input src/tool.c has changed' }),
  progress('tool', { phase: 'compile', percent: 42.4 }),
  change('lib', 'running', { member: 'n2', attempt: 1 }),
  change('app', 'waiting', { have: 0, of: 2 }),
  change('site', 'queued'),
  progress('site', { member: 'n3', bytes: { done: 12_000_000, total: 80_000_000 } })
]
export const libFails: EventBody[] = [
  change('lib', 'failed', {
    ...{ member: 'n2', attempt: 1, reason: 'exit 1 in phase build', tail: ['cc -c lib.c', 'lib.c:3: error'] }
  }),
  change('app', 'skipped', { from: ['lib'], reason: 'lib failed' })
]
