/** How jobs go, as the screen and the lines of a log show it. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { explainJobs, failuresAtEnd } from '../../../cli/jobs/conclude-jobs.ts'
import { describeJobs } from '../../../cli/jobs/job-notes.ts'
import { noJobs, reduceJobs } from '../../../cli/jobs/job-progress.ts'
import { noProgress, type Progress, reduce } from '../../../cli/progress.ts'
import { render } from '../../../cli/render.ts'
import { describe } from '../../../cli/views/plain.ts'
import type { EventBody, LiveBody, RunEvent } from '../../../protocols/events.ts'
import { JOB_STATES } from '../../../protocols/jobs/job-state.ts'
import { AT, ended, RUN, useFakes, yields } from '../fake.ts'
import { change, failing, graph, libFails, needs, progress, stateOf, step, timedJobs } from './some-jobs.ts'

const test = suite('jobs while they go on')
const startFake = useFakes(test)

const drawn = (state: Progress, { width = 100, rows = 40, now = AT + 2_000 } = {}) =>
  render(state, { width, rows, now, paint: (_, text) => text })
    .split('\n')
    .slice(1)
const notes = (...bodies: Array<EventBody | LiveBody>): string[] => {
  let state: Progress = noProgress
  return timedJobs(bodies).flatMap(event => {
    const lines = describe(RUN, event, state)
    state = reduce(state, event)
    return lines.map(line => line.replace(/^\S+ run=\S+ /, ''))
  })
}
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`j${i}`, []]))

test('have a line with their number in each state, and one each with member, state, time and what they do', () => {
  assert.equal(drawn(stateOf(...failing)), [
    '  > work jobs 0/3 members 1.8 s',
    '  > jobs [######--------------] 2/6  2 running, 1 queued, 1 waiting, 1 done, 1 reused',
    '    headers  n1  done         100 ms  12.1 KiB',
    '    lib      n2  running       1.0 s',
    '    tool     n3  running       1.2 s  [####------]  42 % compile (attempt 2)',
    '    app          waiting 0/2',
    '    docs     n3  reused               888 B, its result is known',
    '    site     n3  queued       800 ms  inputs 11.4 MiB of 76.3 MiB'
  ])
})

test('fit a terminal of 80 columns: the bar gives way first', () => {
  const lines = drawn(stateOf(...failing), { width: 79 })
  assert.is(lines[1], '  > jobs 2/6  2 running, 1 queued, 1 waiting, 1 done, 1 reused')
  assert.match(lines[4] ?? '', /^ {4}tool +n3 +running +1\.2 s +\[####------\] +42 % compile \(attempt 2\)$/)
  const narrow = drawn(stateOf(...failing), { width: 60 })
  assert.match(narrow[4] ?? '', /^ {4}tool +n3 +running +1\.2 s +42 % compile/)
})

test('that failed make their phase fail, and are all that is drawn once the graph is over', () => {
  const over = stateOf(
    ...failing,
    ...libFails,
    change('tool', 'done', { member: 'n3', attempt: 2, bytes: 99_999 }),
    change('site', 'done', { member: 'n3', attempt: 1, bytes: 0 })
  )
  assert.equal(drawn(over), [
    '  > work jobs 0/3 members 1.8 s 1 of 6 jobs failed',
    '  ✗ jobs of 1-default/sample1: 1 failed, 1 skipped, 3 done, 1 reused 1.4 s',
    '    lib  n2  failed   400 ms  exit 1 in phase build'
  ])
})

test('of setup keep a line when those of the sample begin', () => {
  const setup = { role: 'setup' } as const
  const state = stateOf(
    graph({ build: [] }, setup),
    change('build', 'running', { graph: setup, member: 'n1', attempt: 1 }),
    change('build', 'done', { graph: setup, member: 'n1', attempt: 1, bytes: 2048 }),
    graph({ bench: [] }),
    change('bench', 'running', { member: 'n2', attempt: 1 })
  )
  assert.equal(drawn(state).slice(1), [
    '  ✓ setup jobs: 1 done 200 ms',
    '  > jobs [--------------------] 0/1  1 running',
    '    bench  n2  running   1.3 s'
  ])
})

test('of many those that run have a line, the longest first, and the rest is counted', () => {
  const state = stateOf(
    graph(many(500)),
    ...Array.from({ length: 40 }, (_, i) => change(`j${i + 100}`, 'running', { member: 'n1', attempt: 1 })),
    change('j3', 'failed', { member: 'n2', attempt: 1, reason: 'exit 2' })
  )
  const lines = drawn(state, { rows: 24, now: AT + 4_500 })
  assert.is(lines[1], '  > jobs [--------------------] 1/500  40 running, 459 waiting, 1 failed')
  assert.match(lines[2] ?? '', /^ {4}j100 +n1 +running/)
  assert.match(lines.at(-1) ?? '', /^ {4}490 more: 30 running, 459 waiting, 1 failed$/)
  assert.ok(lines.length < 24, lines.join('\n'))
})

test('of many that only wait for a member are counted, and of those that have just ended four are drawn', () => {
  const state = stateOf(
    graph(many(100)),
    ...Array.from({ length: 50 }, (_, i) => change(`j${i}`, 'queued')),
    change('j60', 'queued', { member: 'n2', attempt: 1, reason: 'n2 was lost' }),
    ...Array.from({ length: 8 }, (_, i) => change(`j${i + 70}`, 'done', { member: 'n1', attempt: 1 }))
  )
  const [, , ...lines] = drawn(state, { now: AT + 7_000 })
  assert.match(lines[0] ?? '', /^ {4}j60 +n2 +queued .* n2 was lost$/)
  assert.equal(
    lines.slice(1, -1).map(line => line.trim().split(' ')[0]),
    ['j77', 'j76', 'j75', 'j74']
  )
  assert.is(lines.at(-1), '    95 more: 50 queued, 41 waiting, 4 done')
})

test('never take more rows or columns than the terminal has', () => {
  const names = Object.keys(many(60))
  const event = fc
    .record({
      job: fc.constantFrom(...names),
      state: fc.constantFrom(...JOB_STATES),
      member: fc.constantFrom('n1', 'a-member-whose-name-is-rather-long'),
      attempt: fc.integer({ min: 1, max: 3 }),
      reason: fc.string({ maxLength: 200 }),
      phase: fc.string({ maxLength: 40 })
    })
    .map(({ job, state, ...more }) => change(job, state, more))
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 80 }),
      fc.integer({ min: 10, max: 60 }),
      fc.integer({ min: 30, max: 200 }),
      (events, rows, width) => {
        const lines = drawn(stateOf(graph(many(60)), ...events), { rows, width, now: AT + 9_000 })
        assert.ok(lines.length <= Math.max(rows, 12), lines.join('\n'))
        assert.equal(
          lines.filter(line => line.length > width),
          []
        )
      }
    ),
    { numRuns: 200 }
  )
})

test('are counted right whatever is told of them, in whichever order', () => {
  const told = fc.array(fc.tuple(fc.constantFrom(...Object.keys(needs), 'other'), fc.constantFrom(...JOB_STATES)))
  fc.assert(
    fc.property(told, fc.boolean(), (changes, isTold) => {
      const events = [...(isTold ? [graph()] : []), ...changes.map(([job, state]) => change(job, state))]
      const { now } = timedJobs(events).reduce(reduceJobs, noJobs)
      const lines = now?.lines ?? []
      for (const state of JOB_STATES)
        assert.is(now?.counts[state] ?? 0, lines.filter(each => each.state === state).length, state)
    })
  )
})

test('have a line of a log for each change that is one, and one at their end', () => {
  assert.equal(notes(...failing, ...libFails, change('tool', 'done', { member: 'n3', attempt: 2, bytes: 99_999 })), [
    'jobs=1-default/sample1 begin: 6 jobs',
    'job=headers of=1-default/sample1 running on=n1',
    'job=headers of=1-default/sample1 done on=n1 after 100 ms 12.1 KiB',
    'job=docs of=1-default/sample1 reused 888 B: its result is known',
    'job=tool of=1-default/sample1 queued from=n2: n2 was lost',
    'job=tool of=1-default/sample1 running on=n3 attempt=2',
    'job=lib of=1-default/sample1 running on=n2',
    'job=lib of=1-default/sample1 failed on=n2 after 400 ms: exit 1 in phase build',
    'job=app of=1-default/sample1 skipped: inherited from lib',
    'job=tool of=1-default/sample1 done on=n3 attempt=2 after 800 ms 97.7 KiB'
  ])
  const last = notes(graph({ a: [] }), change('a', 'running', { member: 'n1' }), change('a', 'done', { member: 'n1' }))
  assert.is(last.at(-1), 'jobs=1-default/sample1 ended after 200 ms: 1 done')
})

test('of a thousand have a line for each tenth that has ended, and for the first failures', () => {
  const all = Object.keys(many(1000))
  const lines = notes(
    graph(many(1000)),
    ...all.flatMap((job, i) => [
      change(job, 'running', { member: 'n1', attempt: 1 }),
      change(job, i % 10 === 0 ? 'failed' : 'done', {
        member: 'n1',
        attempt: 1,
        reason: i % 10 === 0 ? 'exit 1' : undefined
      })
    ])
  )
  assert.is(lines.filter(line => / of 1000 ended: /.test(line)).length, 9)
  assert.is(lines.filter(line => line.startsWith('job=')).length, 32)
  assert.match(lines.filter(line => line.startsWith('job=')).at(-1) ?? '', /further ones are not told one by one/)
  assert.match(lines.at(-1) ?? '', /ended after [\d.]+ .*: 100 failed, 900 done$/)
})

test('of a large graph are told in several events', () => {
  const state = stateOf(
    graph({ a: [], b: ['a'] }),
    change('a', 'running', { member: 'n1', attempt: 1 }),
    graph({ b: ['a'], c: [] })
  )
  assert.equal(
    state.jobs.now?.lines.map(({ job, state }) => [job, state]),
    [
      ['a', 'running'],
      ['b', 'waiting'],
      ['c', 'waiting']
    ]
  )
  assert.equal(state.jobs.now?.counts, { running: 1, waiting: 2 })
  assert.equal(notes(graph({ a: [] }), graph({ c: [] })), [
    'jobs=1-default/sample1 begin: 1 job',
    'jobs=1-default/sample1 and further ones: 1 job'
  ])
})

test('of four thousand are reduced at once', () => {
  const events = timedJobs([
    graph(many(4096)),
    ...Object.keys(many(4096)).flatMap(job => [
      ...[change(job, 'queued'), change(job, 'running', { member: 'n1', attempt: 1 })],
      ...[progress(job, { percent: 50 }), change(job, 'done', { member: 'n1', attempt: 1 })]
    ])
  ])
  const began = performance.now()
  const { now } = events.reduce(reduceJobs, noJobs)
  const took = performance.now() - began
  assert.is(now?.counts.done, 4096)
  assert.ok(took < 4_000, `${took} ms`)
})

test('are in the line that says that nothing else happens, with the one that runs the longest', () => {
  const { jobs } = stateOf(...failing)
  assert.is(
    describeJobs(jobs, AT + 2_000),
    ', jobs: 2 running, 1 queued, 1 waiting, 1 done, 1 reused; tool on n3 for 1.2 s in compile 42 %'
  )
  assert.is(describeJobs(noJobs, AT), '')
})

test('that failed are told at the end with those that inherit it, and their last lines', () => {
  const { jobs } = stateOf(...failing, ...libFails)
  assert.equal(failuresAtEnd(jobs, 'k3f9ab'), [
    'app skipped <- lib failed on n2, attempt 1: exit 1 in phase build',
    '  last lines of lib:',
    '  | cc -c lib.c',
    '  | lib.c:3: error',
    '  its log: bak job log k3f9ab/lib'
  ])
})

test('are explained one by one where that is asked for', () => {
  const { jobs } = stateOf(...failing, ...libFails)
  assert.equal(explainJobs(jobs), [
    'why each job of 1-default/sample1 was run or not:',
    '  headers  done on n1     run because no result of these inputs is known',
    '  lib      failed on n2   exit 1 in phase build',
    '  tool     running on n3  run because input src/tool.c has changed',
    '  app      skipped        inherited from lib',
    '  docs     reused         its result is known',
    '  site     queued'
  ])
})

test('are told by every view of bak attach at the end: the chain of causes, and the reasons with --explain', async () => {
  const events: RunEvent[] = timedJobs([
    ...failing,
    ...libFails,
    { type: 'workload-ended', step, jobs: true, duration: 5, timedOut: false, error: '1 of 6 jobs failed' },
    ended({ verdict: 'workload-failed', status: 1, reason: 'job lib failed', folder: '' })
  ] as EventBody[])
  const fake = await startFake({ attach: yields(...events) as never })
  const plain = await fake.bak('attach', 'k3f9ab', '--explain')
  assert.is(plain.status, 1, plain.stderr)
  assert.match(plain.stderr, /\nwhy each job of 1-default\/sample1 was run or not:\n {2}headers {2}done on n1 /)
  assert.match(
    plain.stderr,
    /\napp skipped <- lib failed on n2, attempt 1: exit 1 in phase build\n {2}last lines of lib:\n {2}\| cc -c lib\.c\n/
  )
  assert.not.match(plain.stderr, /exit=undefined/)
  assert.match(plain.stderr, /\nrun \S+: job failed in \S+ s: job lib failed\n/)
  const quiet = await fake.bak('attach', 'k3f9ab', '--quiet')
  assert.match(
    quiet.stderr,
    /^run \S+: job failed in .*\napp skipped <- lib failed on n2, attempt 1: exit 1 in phase build\n$/
  )
  const json = await fake.bak('attach', 'k3f9ab', '--json')
  const types = json.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).type)
  assert.equal(
    types,
    events.map(({ type }) => type)
  )
})

test.run()
