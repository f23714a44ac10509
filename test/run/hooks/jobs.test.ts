/** The hook that runs graphs of jobs: their phases, what becomes of them, and what their outputs bring to workloads. */
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { jobs } from '../../../node/run/hooks/jobs.ts'
import type { FinishedJob, GraphRunInit } from '../../../node/run/jobs/graph-init.ts'
import type { Graph } from '../../../node/run/jobs/open-graph.ts'
import { describePhase, planOf } from '../../../node/run/plan.ts'
import type { JobEntry } from '../../../protocols/jobs/jobs-file.ts'
import { readJobsFile } from '../../../protocols/jobs/read-jobs-file.ts'
import { graphKey, jobLogFile } from '../../../protocols/layout.ts'
import type { Command } from '../../../protocols/phase.ts'
import { describeShortfall } from '../../../protocols/shortfall.ts'
import { driverOf, type Said } from '../../helpers/driven.ts'

const hook = suite('jobs on their controller')

const job = (name: string, more: object = {}) => ({ name, script: 'true', ...more })
const ended = (init: GraphRunInit, states: Record<string, Partial<JobEntry>>): JobEntry[] =>
  init.jobs.map(({ name, role }) => ({
    ...{ graph: init.graph, job: name, role, state: 'done' as const, needs: [], attempts: [], outputs: [] },
    ...states[name]
  }))

interface FakeGraph extends Omit<Graph, 'entries'> {
  entries: JobEntry[]
  init: GraphRunInit
  /** What was called, in words. */
  calls: string[]
  over(states?: Record<string, Partial<JobEntry>>): void
}

/** A graph that ends when a test says so, or when it is cancelled. */
function fakeGraph(init: GraphRunInit): FakeGraph {
  const done = Promise.withResolvers<void>()
  const calls: string[] = []
  const graph: FakeGraph = {
    init,
    calls,
    entries: ended(init, Object.fromEntries(init.jobs.map(({ name }) => [name, { state: 'running' }]))),
    entryOf(job) {
      calls.push(`entry of ${job}`)
      return graph.entries.find(each => each.job === job)
    },
    finished: new Map<string, FinishedJob>(),
    ended: done.promise,
    start: () => void calls.push('start'),
    leave: (peer, reason) => void calls.push(`leave ${peer.slice(-4)}: ${reason}`),
    stop: () => void calls.push('stop'),
    cancel(reason) {
      calls.push(`cancel: ${reason}`)
      graph.over(Object.fromEntries(init.jobs.map(({ name }) => [name, { state: 'cancelled', reason }])))
    },
    over(states = {}) {
      graph.entries = ended(init, states)
      for (const entry of graph.entries)
        if (entry.state === 'done') graph.finished.set(entry.job, { entry, holders: [init.members[0]?.peer ?? ''] })
      done.resolve()
    }
  }
  return graph
}

interface Given {
  spec: object
  /** What each graph comes to, by its name; one that is left out ends well. */
  outcomes?: Record<string, Record<string, Partial<JobEntry>>>
  /** Called when a graph has begun, in the place of its end. */
  onGraph?(graph: FakeGraph): void
  say?(command: Command, rank: number): Said
}

/** A run whose members answer for their jobs once the graph is over. */
async function driven({ spec, outcomes = {}, onGraph, say = () => undefined }: Given) {
  const graphs: FakeGraph[] = []
  const its = jobs(init => {
    const graph = fakeGraph(init)
    graphs.push(graph)
    if (onGraph == null) setImmediate(() => graph.over(outcomes[graphKey(init.graph)]))
    else setImmediate(() => onGraph(graph))
    return graph
  })
  const made = await driverOf({
    ...{ spec, hooks: [its] },
    say(command, rank) {
      const said = say(command, rank)
      const isJobs = command.part === 'jobs'
      return said != null || !isJobs ? said : (graphs.at(-1) as FakeGraph).ended.then(() => ({}))
    }
  })
  return { ...made, graphs }
}

const built = {
  state: 'done' as const,
  outputs: [{ path: 'bin/app', digest: 'b'.repeat(64), kind: 'file' as const, bytes: 3 }]
}
const setup = {
  job: [
    job('build', { role: 'setup', outputs: ['bin/app'] }),
    job('table', { role: 'report', inputs: [{ result: 'spec.toml' }] })
  ],
  stage_outputs: [{ job: 'build', output: 'bin/app' }]
}

hook(
  'setup jobs run before anything is measured, what they made is staged, and a report finds the result behind all',
  async () => {
    const { driver, run, phases, commands, graphs } = await driven({
      spec: setup,
      outcomes: { setup: { build: built } }
    })
    const fetched: unknown[] = []
    run.parts.swarms = {
      async fetch(digest, { from }) {
        fetched.push([digest, from])
        return { bytes: 0, source: 0 }
      }
    }
    await driver.drive()
    assert.is(run.record.verdict, 'ok', run.record.reason)
    assert.equal(phases(), planOf(run.order.spec).map(describePhase))
    const stage = commands.find(({ phase, when }) => phase === 'stage' && when === 'begin')
    assert.equal(stage?.staged, [{ path: 'app', digest: 'b'.repeat(64), bytes: 3 }])
    assert.equal(fetched, [['b'.repeat(64), [graphs[0]?.init.members[0]?.peer]]], 'from the member that has it')
    const [first, last] = graphs
    assert.equal(
      [first?.calls, last?.calls],
      [
        ['start', 'stop'],
        ['start', 'stop']
      ]
    )
    assert.equal([...(last?.init.given.keys() ?? [])], ['table\0spec.toml'])
    assert.equal([...(last?.init.earlier.keys() ?? [])], ['build'])
    assert.equal(run.record.jobs, { done: 2 })
    assert.equal(
      (await readJobsFile(run.folder.root))?.map(each => [each.job, each.state]),
      [
        ['build', 'done'],
        ['table', 'done']
      ]
    )
  }
)

hook('what jobs have written until then is in the logs that a report finds', async () => {
  const log = 'jobs/setup/build.ndjson'
  const { driver, run, graphs } = await driven({
    spec: { job: [job('build', { role: 'setup' }), job('table', { role: 'report', inputs: [{ result: log }] })] },
    onGraph(graph) {
      graph.init.on.lines('build', 1, 'm1', [{ n: 1, t: 0, text: 'built' }])
      graph.over()
    }
  })
  await driver.drive()
  assert.is(run.record.verdict, 'ok', run.record.reason)
  const bytes = readFileSync(`${run.folder.root}/${log}`).length
  assert.is(graphs.at(-1)?.init.given.get('table\0build.ndjson')?.bytes, bytes)
})

hook('a setup job that fails ends the run before anything is measured, and no report is made', async () => {
  const failed = { state: 'failed' as const, member: 'm1', reason: 'exit 1' }
  const { driver, run, phases } = await driven({ spec: setup, outcomes: { setup: { build: failed } } })
  await driver.drive()
  assert.equal([run.record.verdict, run.record.status], ['workload-failed', 1])
  assert.is(run.record.reason, 'setup: job build on m1: exit 1')
  assert.equal(phases(), ['join', 'stage', 'work jobs begin', 'end', 'terminate'])
  assert.equal(run.record.jobs, { failed: 1 })
})

hook('what is to be staged and was not made ends the run in words', async () => {
  const { driver, run } = await driven({ spec: setup, outcomes: { setup: { build: { state: 'done', outputs: [] } } } })
  await driver.drive()
  assert.equal([run.record.verdict, run.record.reason], ['failed', 'stage_outputs: bin/app of build: not made'])
})

const measured = { command: undefined, job: [job('a'), job('b', { needs: ['a'] })], samples: 2 }

hook(
  'each sample runs the graph once, is one entry of the record, and nothing of it is taken from earlier results',
  async () => {
    const { driver, run, graphs, stored } = await driven({ spec: measured })
    await driver.drive()
    assert.is(run.record.verdict, 'ok', run.record.reason)
    assert.equal(
      graphs.map(({ init }) => [graphKey(init.graph), init.cache]),
      [
        ['1-default/sample1', false],
        ['1-default/sample2', false]
      ]
    )
    assert.equal(
      run.record.workload.map(({ step, jobs: isJobs, exit }) => [step.sample, isJobs, exit]),
      [
        [1, true, 0],
        [2, true, 0]
      ]
    )
    const about = stored.filter(({ type }) => type === 'graph')
    assert.equal(about[0]?.type === 'graph' && about[0].jobs, [
      { job: 'a', needs: [] },
      { job: 'b', needs: ['a'] }
    ])
    assert.equal(run.record.jobs, { done: 4 })
  }
)

const fails = (job: string) => ({ '1-default/sample1': { [job]: { state: 'failed' as const, reason: 'exit 1' } } })
const policies: Array<[policy: string, samples: number, verdict: string, partial: boolean]> = [
  ['finish', 2, 'workload-failed', false],
  ['stop', 1, 'workload-failed', false],
  ['ignore', 2, 'ok', true]
]
for (const [on_failed_workload, samples, verdict, partial] of policies)
  hook(
    `a job that fails in a sample is a result; with the policy ${on_failed_workload} ${samples} samples are taken and the run is ${verdict}`,
    async () => {
      const { driver, run, graphs } = await driven({
        spec: { ...measured, policy: { on_failed_workload } },
        outcomes: fails('a')
      })
      await driver.drive()
      assert.equal([graphs.length, run.record.verdict, run.record.partial], [samples, verdict, partial])
      const [first] = run.record.workload
      assert.is(first?.error, 'job a: exit 1')
      if (partial) assert.equal(run.record.shortfalls.map(describeShortfall), ['job a: exit 1'])
    }
  )

hook('where what was measured has failed nothing reports on it', async () => {
  const report = job('table', { role: 'report' })
  const { driver, run, phases } = await driven({
    spec: { ...measured, job: [...measured.job, report], samples: 1 },
    outcomes: fails('a')
  })
  await driver.drive()
  assert.is(run.record.verdict, 'workload-failed')
  assert.not(phases().includes('work jobs end'))
})

hook('in a warm-up it counts for nothing, and is said', async () => {
  const spec = { ...measured, samples: 1, warmup: 1 }
  const outcomes = { '1-default/warmup1': { a: { state: 'failed' as const, reason: 'exit 1' } } }
  const { driver, run, stored } = await driven({ spec, outcomes })
  await driver.drive()
  assert.is(run.record.verdict, 'ok')
  assert.ok(stored.some(each => each.type === 'warning' && /warmup1 failed \(job a: exit 1\)/.test(each.text)))
})

hook('of a run of one sample earlier results are taken, unless the file says otherwise', async () => {
  for (const [more, cache] of [
    [{}, true],
    [{ jobs: { cache: false } }, false]
  ] as const) {
    const { driver, graphs } = await driven({ spec: { ...measured, samples: 1, ...more } })
    await driver.drive()
    assert.is(graphs[0]?.init.cache, cache)
  }
})

hook('a cancelled run cancels its graph, waits for its members, and keeps what became of its jobs', async () => {
  let cancel = () => {}
  const { driver, run, graphs, phases } = await driven({ spec: measured, onGraph: () => cancel() })
  cancel = () => void driver.cancel('node-a', 'Ctrl-C')
  await driver.drive()
  assert.equal([run.record.verdict, run.record.status], ['cancelled', 4])
  assert.equal(graphs[0]?.calls, ['start', 'cancel: cancelled by node-a: Ctrl-C', 'stop'])
  assert.equal(run.record.jobs, { cancelled: 2 })
  assert.is(run.record.excluded.length, 0)
  assert.match(run.record.workload[0]?.error ?? '', /^2 of 2 jobs did not come to an end: cancelled by node-a/)
  assert.equal(phases().slice(-4), ['stop 1-default/1', 'send 1-default/1', 'end', 'terminate'])
})

hook('a member that gives up its part, or is out of the run, is out of the graph', async () => {
  const { driver, run, signers, graphs } = await driven({
    spec: { ...measured, samples: 1, policy: { quorum: 1 } },
    say: ({ part }, rank) =>
      part === 'jobs' && rank === 0 ? { outcome: 'failed', code: 'io', reason: 'its disk is full' } : undefined,
    onGraph(graph) {
      run.exclude({ peer: signers[1]?.peer ?? '', name: 'm1', phase: 'work', code: 'lost', reason: 'it is gone' })
      setTimeout(() => graph.over(), 50)
    }
  })
  await driver.drive()
  const left = graphs[0]?.calls.filter(each => each.startsWith('leave')).map(each => each.replace(/ .{4}:/, ':'))
  assert.equal(left?.sort(), ['leave: it is gone', 'leave: its disk is full'])
})

hook('logs are files of the result, tails are as long as was asked for, and counts are those of now', async () => {
  const seen: unknown[] = []
  const tail = ['1', '2', '#BAK:PROGRESS 7', '3']
  const { driver, run, stored, graphs } = await driven({
    spec: { ...measured, samples: 1, jobs: { lines: 2 } },
    onGraph(graph) {
      const { on, graph: at } = graph.init
      on.lines('a', 1, 'm0', [{ n: 1, t: 0, text: 'hello' }])
      on.change({ graph: at, job: 'a', state: 'running', member: 'm0', attempt: 1 })
      seen.push({ ...run.record.jobs })
      on.change({ graph: at, job: 'a', state: 'failed', member: 'm0', attempt: 1, reason: 'exit 1', tail })
      seen.push({ ...run.record.jobs })
      graph.over({ a: { state: 'failed', reason: 'exit 1' }, b: { state: 'skipped', from: ['a'] } })
    }
  })
  await driver.drive()
  assert.equal(seen, [
    { waiting: 1, running: 1 },
    { waiting: 1, failed: 1 }
  ])
  assert.equal(run.record.jobs, { failed: 1, skipped: 1 })
  assert.equal(graphs[0]?.calls, ['start', 'stop', 'entry of a'], 'of b, which has not changed, nothing is asked')
  assert.equal(
    stored.flatMap(each => (each.type === 'job' && each.state === 'failed' ? [each.tail] : [])),
    [['2', '3']]
  )
  const step = { number: 1, name: 'default', sample: 1 }
  const log = readFileSync(run.folder.path(jobLogFile({ role: 'work', step }, 'a')), 'utf8')
  assert.is(log, '{"n":1,"t":0,"text":"hello"}\n')
  assert.ok(Object.keys(run.record.jobs ?? {}).length > 0 && run.folder.isSealed())
})

hook('once a graph is over a member that does not say so has its deadline', async () => {
  const { driver, run } = await driven({ spec: { ...measured, samples: 1, policy: { lost_timeout: 3 } } })
  const hurried: number[] = []
  run.hurry = ms => void hurried.push(ms)
  await driver.drive()
  assert.equal(hurried, [33_000])
})

hook('of a job that needs a thousand others not each of them is told', async () => {
  const { driver, stored } = await driven({
    spec: { ...measured, samples: 1 },
    onGraph(graph) {
      const { on, graph: at } = graph.init
      for (let have = 0; have <= 1_000; have++) on.change({ graph: at, job: 'b', state: 'waiting', have, of: 1_000 })
      graph.over()
    }
  })
  await driver.drive()
  const told = stored.filter(({ type }) => type === 'job').length
  assert.ok(told >= 8 && told <= 20, `${told} are told`)
})

hook.run()
