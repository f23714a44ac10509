import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exceedsOffer } from '../../../node/agent/allow/offer-check.ts'
import { planOf } from '../../../node/run/plan.ts'
import type { Offer } from '../../../protocols/manifest.ts'
import { ORDERS } from '../../../protocols/matrix/sampling.ts'
import type { Command } from '../../../protocols/phase.ts'
import { noChanges } from '../../../protocols/tool-changes.ts'
import { command, controller, member, offer, specOf } from '../../protocols/samples.ts'

const test = suite('commands within an offer')

const spec = specOf({ samples: 2, iterations: [{ name: 'small' }, { name: 'big' }] })
const two: Offer = { ...offer, spec }
const repeats: Offer = { ...two, spec: { ...spec, max_sample_failures: 3 } }
const varies: Offer = { ...two, spec: { ...spec, max_stddev: { metric: 'iops', percent: 5, samples: 7 } } }
const warm: Offer = { ...two, spec: { ...spec, warmup: 1 } }
const none: Offer = { ...two, spec: { ...spec, sysinfo: 'none' } }
const triggered: Offer = { ...two, spec: { ...spec, triggers: { db: { start: 'go', stop: 'end' } } } }
const { step: _, at: __, ...plain } = command
const first = { number: 1, name: 'small', sample: 1 }

const served: Offer = {
  ...two,
  spec: { ...spec, workload: specOf({ workload: [{ name: 's', role: 'server', command: ['x'] }] }).workload }
}

const http = { type: 'http', url: 'http://127.0.0.1/' }
const task = (name: string, more = {}) => ({ name, operation: http, time_period: 1, ...more })
const tasks = (load: object, member_ = true): Offer => ({
  ...offer,
  candidates: offer.candidates.map(each => (member_ && each.peer === member.peer ? { ...each, load: 0 } : each)),
  spec: specOf({
    ...{ command: undefined, operation: [{ name: 'load', ...http }], load, iterations: [{ name: 'small' }] },
    parallel: [{ name: 'both', completed_by: 'b' }],
    task: [task('a'), task('b', { parallel: 'both' }), task('c', { parallel: 'both' })]
  })
})
const plainTasks = tasks({})
const part = (named: Command['part'], element?: number) => ({
  phase: 'work' as const,
  part: named,
  element,
  step: first
})

const graph = (jobs: object[], more: object = {}, mine = true): Offer => ({
  ...offer,
  candidates: offer.candidates.map(each =>
    mine && each.peer === member.peer ? { ...each, jobs: true as const } : each
  ),
  spec: specOf({
    job: jobs.map(each => ({ name: 'build', script: 'true', ...each })),
    iterations: [{ name: 'small' }],
    ...more
  })
})
const measuredJobs = graph([{}], { command: undefined })
const setup = graph([{ role: 'setup', outputs: ['bin/app'] }], {
  stage_outputs: [{ job: 'build', output: 'bin/app', for: 's' }]
})
const jobsAt = (more: Partial<Command>) => ({ phase: 'work' as const, part: 'jobs' as const, ...more })
const made = { path: 'app', digest: 'a'.repeat(64), bytes: 1, for: 's' }
const stageMade = (more: object = {}) => ({
  phase: 'stage' as const,
  when: 'begin' as const,
  staged: [{ ...made, ...more }]
})

const cases: Array<[title: string, change: Partial<Command>, of: Offer, beyond: RegExp | undefined]> = [
  ['a sample of the offer', { phase: 'start', step: { number: 2, name: 'big', sample: 2 } }, two, undefined],
  ['a sample too many', { phase: 'start', step: { ...first, sample: 3 } }, two, /no sample 1-small\/sample3/],
  ['a repeat of a failed sample', { phase: 'start', step: { ...first, sample: 5 } }, repeats, undefined],
  ['a repeat too many', { phase: 'start', step: { ...first, sample: 6 } }, repeats, /no sample 1-small\/sample6/],
  ['a sample of an iteration that varies', { phase: 'send', step: { ...first, sample: 7 } }, varies, undefined],
  ['one more than its bound', { phase: 'send', step: { ...first, sample: 8 } }, varies, /no sample 1-small\/sample8/],
  ['a warm-up', { phase: 'start', step: { ...first, warmup: true } }, warm, undefined],
  [
    'a warm-up too many',
    { phase: 'start', step: { ...first, sample: 2, warmup: true } },
    warm,
    /no sample 1-small\/warmup2/
  ],
  [
    'a warm-up where there is none',
    { phase: 'start', step: { ...first, warmup: true } },
    two,
    /no sample 1-small\/warmup1/
  ],
  ['jobs of a sample', jobsAt({ step: first }), measuredJobs, undefined],
  ['jobs of a sample too many', jobsAt({ step: { ...first, sample: 2 } }), measuredJobs, /no sample 1-small\/sample2/],
  ['setup jobs', jobsAt({ when: 'begin' }), setup, undefined],
  ['report jobs where there are none', jobsAt({ when: 'end' }), setup, /no jobs of the role report/],
  ['measured jobs where there are none', jobsAt({ step: first }), setup, /no jobs of the role work/],
  ['a graph of nothing', jobsAt({}), measuredJobs, /that of a sample, or before or behind/],
  ['a graph of a sample behind all', jobsAt({ step: first, when: 'end' }), measuredJobs, /that of a sample, or before/],
  ['jobs for a member that has none', jobsAt({ step: first }), graph([{}], {}, false), /may be offered no jobs/],
  ['what a job has made', stageMade(), setup, undefined],
  ['what no job makes', stageMade({ path: 'other' }), setup, /no output of a job that is staged as other/],
  ['what a job has made for another workload', stageMade({ for: undefined }), setup, /no output of a job/],
  ['what a job has made as the program of a tool', stageMade({ tool: 'proc' }), setup, /no output of a job/],
  ['outputs of jobs with the first stage', { phase: 'stage', staged: [made] }, setup, /is staged behind them/],
  ['changed tools with a start', { phase: 'start', step: first, tools: noChanges }, two, undefined],
  ['changed tools with another phase', { phase: 'stop', step: first, tools: noChanges }, two, /come and go with start/],
  ['no sample at all', { phase: 'stop' }, two, /stop without a sample/],
  ['the sample 0', { phase: 'send', step: { ...first, sample: 0 } }, two, /no sample 1-small\/sample0/],
  ['an iteration too many', { phase: 'start', step: { ...first, number: 3 } }, two, /no sample 3-small\/sample1/],
  ['the iteration 0', { phase: 'start', step: { ...first, number: 0 } }, two, /no sample 0-small\/sample1/],
  ['an iteration of another name', { phase: 'send', step: { ...first, name: 'big' } }, two, /no sample 1-big\/sample1/],
  ['a window of a trigger', { phase: 'start', step: { ...first, sample: 900 }, groups: ['db'] }, triggered, undefined],
  ['what was measured in one', { phase: 'send', step: { ...first, sample: 900 } }, triggered, undefined],
  [
    'a window too many',
    { phase: 'start', step: { ...first, sample: 1_001 }, groups: ['db'] },
    triggered,
    /no sample 1-small\/sample1001/
  ],
  [
    'a window of an iteration that is not there',
    { phase: 'start', step: { ...first, number: 3 }, groups: ['db'] },
    triggered,
    /no sample 3-small/
  ],
  [
    'a window of a group without a trigger',
    { phase: 'stop', step: first, groups: ['web'] },
    triggered,
    /no trigger for group web/
  ],
  ['a window without any trigger', { phase: 'start', step: first, groups: ['db'] }, two, /no trigger for group db/],
  [
    'tools of a group at another phase',
    { phase: 'send', step: first, groups: ['db'] },
    triggered,
    /neither start nor stop at send/
  ],
  ['servers of the offer', { phase: 'work', part: 'servers', step: first }, served, undefined],
  [
    'clients that the offer does without',
    { phase: 'work', part: 'clients', step: first },
    served,
    /the offer has no clients/
  ],
  ['preparation of clients', part('prepare'), plainTasks, undefined],
  ['the last element of the schedule', part('tasks', 2), plainTasks, undefined],
  ['an element that is not there', part('tasks', 3), plainTasks, /has no element 3/],
  ['an element without a number', part('tasks'), plainTasks, /no element without a number/],
  [
    'an element that begins in an hour',
    { ...part('tasks', 1), at: plain.issued + 3_600_000 },
    plainTasks,
    /3600 s after/
  ],
  ['the end of an element that a task completes', part('complete', 2), plainTasks, undefined],
  ['the end of an element that ends by itself', part('complete', 1), plainTasks, /no task completes element 1/],
  ['setup that there is none of', part('setup'), plainTasks, /the offer has no setup/],
  ['teardown', part('teardown'), tasks({ teardown: ['load'] }), undefined],
  ['tasks of a run without any', part('tasks', 1), two, /the offer has no tasks/],
  ['tasks for who has no clients', part('tasks', 1), tasks({}, false), /this member has no clients of tasks/],
  ['clients as workloads in a run of tasks', part('clients'), plainTasks, /the offer has no clients/],
  ['a snapshot', { phase: 'sysinfo', when: 'begin' }, two, undefined],
  ['a snapshot that the offer does without', { phase: 'sysinfo', when: 'begin' }, none, /has no sysinfo/],
  ['a workload', { phase: 'work', step: first }, two, /on the controller of its run only/],
  ['an instant far ahead', { phase: 'start', step: first, at: plain.issued + 3_600_000 }, two, /start 3600 s after/],
  ['an instant that has passed', { phase: 'start', step: first, at: 0 }, two, undefined],
  ['the end', { phase: 'terminate' }, two, undefined]
]
for (const [title, change, of, beyond] of cases) {
  test(`${title} is ${beyond == null ? '' : 'not '}what the member agreed to`, () => {
    const found = exceedsOffer({ ...plain, ...change }, of, member.peer)
    if (beyond == null) assert.is(found, undefined)
    else assert.match(found as string, beyond)
  })
}

test('a workload of its own is what a controller agreed to', () => {
  assert.is(exceedsOffer({ ...plain, phase: 'work', step: first }, two, controller.peer), undefined)
})

test('every phase of a run is within its offer, for its controller and, but for the workload, for each member', () => {
  const anySpec = fc.record({
    samples: fc.integer({ min: 1, max: 4 }),
    warmup: fc.integer({ min: 0, max: 2 }),
    order: fc.constantFrom(...ORDERS),
    sysinfo: fc.constantFrom('default', 'none'),
    iterations: fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c') }), { minLength: 1, maxLength: 4 })
  })
  fc.assert(
    fc.property(anySpec, given => {
      const of: Offer = { ...offer, spec: specOf(given) }
      for (const planned of planOf(of.spec)) {
        const { phase, step, when, deadline } = planned
        const asked = { ...plain, phase, step, when, deadline, at: plain.issued + 2_000 }
        assert.is(exceedsOffer(asked, of, controller.peer), undefined)
        if (planned.phase !== 'work') assert.is(exceedsOffer(asked, of, member.peer), undefined)
      }
    })
  )
})

test.run()
