import { existsSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunHook } from '../../node/run/hooks/hook.ts'
import { runHooks } from '../../node/run/hooks/index.ts'
import { describePhase, planOf } from '../../node/run/plan.ts'
import { Stopped } from '../../node/run/stopped.ts'
import type { Signer } from '../../protocols/envelope.ts'
import type { Phase } from '../../protocols/fields.ts'
import type { Ack, Command } from '../../protocols/phase.ts'
import { driverOf, WELL } from '../helpers/driven.ts'
import { fakeRun } from '../helpers/run.ts'
import { stayAwake } from '../helpers/streams.ts'
import { until } from '../helpers/workspace.ts'

const test = suite('how a run is driven')
test.after(stayAwake())

const planned = (spec: Parameters<typeof planOf>[0]) => planOf(spec).map(describePhase)
const failed: Partial<Ack> = { outcome: 'failed', code: 'tool-failed', reason: 'it broke' }

test('a run in which nothing goes wrong goes through its whole plan, and its folder is sealed', async () => {
  const { driver, run, phases, commands, stored } = await driverOf({ spec: { sysinfo: 'default', samples: 2 } })
  await driver.drive()
  assert.equal(phases(), planned(run.order.spec))
  assert.equal(
    commands.map(({ seq }) => seq),
    commands.map((_, i) => i + 1)
  )
  assert.equal([run.record.verdict, run.record.status, run.record.state], ['ok', 0, 'ended'])
  assert.ok(run.folder.isSealed())
  assert.equal([stored[0]?.type, stored.at(-1)?.type], ['created', 'ended'])
})

test('after a failure in start come stop and send of that sample, end, the last sysinfo and terminate, and nothing else', async () => {
  const { driver, run, phases } = await driverOf({
    spec: { sysinfo: 'default', samples: 3 },
    say: ({ phase, step }) => (phase === 'start' && step?.sample === 2 ? failed : undefined)
  })
  await driver.drive()
  assert.equal(phases().slice(4), [
    ...['start 1-default/1', 'work 1-default/1', 'stop 1-default/1', 'send 1-default/1'],
    ...['start 1-default/2', 'stop 1-default/2', 'send 1-default/2', 'end', 'sysinfo end', 'terminate']
  ])
  assert.equal([run.record.verdict, run.record.status], ['quorum', 3])
  assert.match(run.record.reason ?? '', /^m0: it broke; \d of the 2 members needed answered start$/)
})

/** @returns the samples that were worked in, in their order */
const worked = (phases: string[]) =>
  phases.filter(each => each.startsWith('work ')).map(each => each.slice('work '.length))
const failsIn = (...samples: number[]) => ({
  say: ({ phase, step }: Command) =>
    phase === 'work' && samples.includes(step?.sample ?? 0) ? { workload: { ...WELL, exit: 7 } } : undefined
})

test('a failed sample is repeated when it is known that it failed, and the run is ok', async () => {
  const { driver, run, phases, commands } = await driverOf({
    spec: { samples: 2, max_sample_failures: 1 },
    ...failsIn(1)
  })
  await driver.drive()
  assert.equal(worked(phases()), ['1-default/1', '1-default/2', '1-default/3'])
  assert.equal(
    [run.record.verdict, run.record.iterations],
    ['ok', [{ number: 1, name: 'default', samples: 3, failed: 1 }]]
  )
  assert.is(commands.find(({ phase }) => phase === 'terminate')?.verdict, 'ok')
})

test('one failure more than may ends the run in order, after stop and send of that sample', async () => {
  const spec = { samples: 5, max_sample_failures: 1, iterations: [{ name: 'a' }, { name: 'b' }] }
  const { driver, run, phases, commands } = await driverOf({ spec, ...failsIn(2, 3) })
  await driver.drive()
  assert.equal(phases().slice(-5), ['work 1-a/3', 'stop 1-a/3', 'send 1-a/3', 'end', 'terminate'])
  assert.is(run.record.verdict, 'workload-failed')
  assert.match(
    run.record.reason ?? '',
    /^2 samples of 1-a failed, max_sample_failures is 1; the last: exit 7 in 1-a\/sample3/
  )
  assert.is(commands.find(({ phase }) => phase === 'terminate')?.verdict, 'workload-failed')
})

test('an iteration gets samples until its metric varies little enough; a bound that was met is missing from the result', async () => {
  const max_stddev = { metric: 'iops', percent: 5, samples: 4 }
  const iopsOf = (step: Command['step']) => (step?.number === 1 && step.sample !== 1 ? 100 : (step?.sample ?? 0) * 50)
  const { driver, run, phases, stored } = await driverOf({
    spec: { max_stddev, iterations: [{ name: 'a' }, { name: 'b' }], order: 'iteration' },
    say: ({ phase, step }) => {
      const metrics = [{ name: 'iops', value: iopsOf(step), samples: 1 }]
      return phase === 'work' ? { workload: { ...WELL, metrics } } : undefined
    }
  })
  await driver.drive()
  assert.equal(worked(phases()), ['1-a/1', '2-b/1', '1-a/2', '2-b/2', '1-a/3', '2-b/3', '1-a/4', '2-b/4'])
  assert.equal(
    run.record.iterations?.map(({ deviation }) => deviation?.met),
    [false, false]
  )
  assert.equal(
    run.record.shortfalls.map(({ what }) => what),
    ['deviation of iops in 1-a', 'deviation of iops in 2-b']
  )
  const last = stored.at(-1)
  assert.equal(last?.type === 'ended' && [last.verdict, last.iterations?.length], ['ok', 2])
})

test('a run that goes on with another takes the samples that it lacks, and says what it knows of the others', async () => {
  const made = await driverOf({ spec: { samples: 3, warmup: 1, max_sample_failures: 1 }, ...failsIn(2) })
  const step = { number: 1, name: 'default', sample: 1 }
  Object.assign(made.run.order, { resumes: { run: 'r', record: 'd', taken: [{ step, failed: false }], before: 0 } })
  made.run.record.resumes = made.run.order.resumes
  await made.driver.drive()
  assert.equal(worked(made.phases()), ['1-default/warmup1', '1-default/2', '1-default/3', '1-default/4'])
  assert.equal(made.run.record.iterations, [{ number: 1, name: 'default', samples: 4, failed: 1 }])
  const [created] = made.stored
  assert.equal(created?.type === 'created' && [created.steps, created.resumes], [3, 'r'])
})

test('a run that is cancelled takes no further sample, however many are due', async () => {
  const made = await driverOf({
    spec: { samples: 9 },
    say: ({ phase, step }) => {
      if (phase === 'stop' && step?.sample === 2) made.driver.cancel('someone', 'enough')
      return undefined
    }
  })
  await made.driver.drive()
  assert.equal(worked(made.phases()), ['1-default/1', '1-default/2'])
  assert.is(made.run.record.verdict, 'cancelled')
  assert.is(made.commands.find(({ phase }) => phase === 'terminate')?.verdict, 'cancelled')
})

test('a member that was excluded in words may open a stream again to answer the last phase, and no other', async () => {
  const admitted: [string, boolean][] = []
  const made = await driverOf({
    spec: { policy: { quorum: 1 } },
    say: ({ phase }, rank) => {
      if (rank === 0) admitted.push([phase, made.driver.admits((made.signers[0] as Signer).peer)])
      return phase === 'stop' && rank === 0
        ? { outcome: 'refused', code: 'state', reason: 'it is over here' }
        : undefined
    }
  })
  await made.driver.drive()
  assert.equal(
    made.run.record.excluded.map(({ phase, code }) => [phase, code]),
    [['stop', 'state']]
  )
  assert.equal(Object.fromEntries(admitted), {
    join: true,
    stage: true,
    init: true,
    start: true,
    stop: true,
    terminate: true
  })
  assert.is(made.driver.admits((made.signers[0] as Signer).peer), false)
})

test('what one member lacks before its answer is named once, and takes a bounded part of the record', async () => {
  const { driver, run } = await driverOf({ joined: true })
  const [peer] = [...run.active.keys()] as [string]
  const name = (what: string) => driver.onMissing(peer, { kind: 'tool', what, reason: 'ended early' })
  for (let n = 0; n < 100; n++) name('proc')
  assert.is(run.record.shortfalls.length, 1)
  for (let n = 0; n < 100; n++) name(`t${n}`)
  assert.is(run.record.shortfalls.length, 64)
})

test('an entry that is refused makes the run partial, and is named in the record with its own reason', async () => {
  const { driver, run, stored } = await driverOf({ joined: true })
  const [[peer, name]] = [...run.active] as [[string, string]]
  const offer = { run: run.id, what: 'x', kind: 'sample' as const, digest: 'a'.repeat(64), bytes: 1, allow: [] }
  const refused = [{ path: 'in/l', reason: 'not a file or folder but Link' }]
  driver.onReceived(peer, offer, { refused, renamed: [{ path: 'in/a', as: 'in/a-2' }], took: 1 })
  assert.ok(run.record.partial)
  assert.equal(run.record.shortfalls, [
    { kind: 'file', member: name, what: 'in/l', reason: 'refused: not a file or folder but Link' }
  ])
  const texts = stored.map(event =>
    event.type === 'refused' ? event.reason : event.type === 'warning' ? event.text : ''
  )
  assert.equal(texts.slice(-2), [`${name}: in/a: arrived as a-2, since the name is taken`, refused[0]?.reason])
})

test('after a failure before the first sample only end and terminate are left', async () => {
  const { driver, phases } = await driverOf({
    spec: { sysinfo: 'default' },
    say: ({ phase }) => (phase === 'init' ? failed : undefined)
  })
  await driver.drive()
  assert.equal(phases(), ['join', 'stage', 'sysinfo begin', 'init', 'end', 'terminate'])
})

test('a run that too few joined has no manifest: it is terminated and nothing else', async () => {
  const { driver, run, phases } = await driverOf({
    say: ({ phase }, rank) => (phase === 'join' && rank === 0 ? { ...failed, capabilities: undefined } : undefined)
  })
  await driver.drive()
  assert.equal([phases(), run.record.manifest, run.record.verdict], [['join', 'terminate'], undefined, 'quorum'])
})

test('a run that nobody was offered has nobody to clean up after, and is sealed all the same', async () => {
  const { driver, run, phases } = await driverOf()
  run.parts.members.list = () => {
    throw new Error('the table is broken')
  }
  await driver.drive()
  assert.equal([phases(), run.record.verdict, run.folder.isSealed()], [[], 'failed', true])
})

test('a workload that fails is the verdict of a run that goes on to its end', async () => {
  const { driver, run, phases } = await driverOf({
    spec: { samples: 2 },
    say: ({ phase, step }) => (phase === 'work' && step?.sample === 1 ? { workload: { ...WELL, exit: 7 } } : undefined)
  })
  await driver.drive()
  assert.equal(phases(), planned(run.order.spec))
  assert.equal([run.record.verdict, run.record.reason], ['workload-failed', 'exit 7 in 1-default/sample1'])
})

/** Hooks that keep what is called, and fail where they are told to. */
function hooksOf(fail: (called: string) => boolean = () => false) {
  const called: string[] = []
  const note = (what: string) => {
    called.push(what)
    if (fail(what)) throw new Error(`${what} failed`)
  }
  const hooks = ['one', 'two'].map(
    (name): RunHook => ({
      name,
      before: ({ phase }) => note(`${name} before ${phase}`),
      after: ({ phase }, _, answers) => note(`${name} after ${phase} ${answers.length}`),
      close: async () => note(`${name} close`)
    })
  )
  return { hooks, called }
}

test('hooks are called before and after each phase in their order, with its answers, and closed before the seal', async () => {
  const { hooks, called } = hooksOf()
  const { driver, commands, run } = await driverOf({ hooks })
  let sealed: boolean | undefined
  hooks.push({
    name: 'last',
    close: async () => {
      sealed = run.folder.isSealed()
    }
  })
  await driver.drive()
  const expected = commands.flatMap(({ phase }) => {
    const answers = phase === 'work' ? 1 : 3
    return [
      ...[`one before ${phase}`, `two before ${phase}`],
      ...[`one after ${phase} ${answers}`, `two after ${phase} ${answers}`]
    ]
  })
  assert.equal(called, [...expected, 'one close', 'two close'])
  assert.equal([sealed, run.folder.isSealed()], [false, true])
})

test('a hook that fails before a phase fails the run there; all are closed, also where their `before` never ran', async () => {
  const { hooks, called } = hooksOf(what => what === 'one before join' || what === 'one close')
  const { driver, run, phases, stored, log } = await driverOf({ hooks })
  await driver.drive()
  assert.equal(called, [
    'one before join',
    ...['one before terminate', 'two before terminate', 'one after terminate 3', 'two after terminate 3'],
    ...['one close', 'two close']
  ])
  assert.equal([phases(), run.record.verdict, run.record.reason], [['terminate'], 'failed', 'one before join failed'])
  assert.equal([stored.at(-1)?.type, run.folder.isSealed()], ['ended', true])
  assert.match(log.join(''), /hook=one why="one close failed"/)
})

test('hooks also see the answers of a phase that failed', async () => {
  const { hooks, called } = hooksOf()
  const { driver } = await driverOf({
    hooks,
    say: ({ phase }, rank) => (phase === 'stop' && rank === 0 ? failed : undefined)
  })
  await driver.drive()
  assert.ok(called.includes('two after stop 1'), 'it failed with the first answer')
  assert.ok(called.includes('two after send 2'), 'the member that failed is excluded')
})

test('every hook of a run has a name of its own', () => {
  const names = runHooks().map(({ name }) => name)
  assert.is(new Set(names).size, names.length)
})

test('the hooks of a run leave the workload result, the skew and metadata.log', async () => {
  const { driver, run } = await driverOf({ spec: { samples: 2 } })
  await driver.drive()
  assert.equal(
    run.record.workload.map(({ step, exit }) => [step.sample, exit]),
    [
      [1, 0],
      [2, 0]
    ]
  )
  assert.equal(
    run.record.skew.map(({ skew }) => skew),
    [0, 0]
  )
  assert.ok(existsSync(run.folder.path('metadata.log')))
})

test('a run that is cancelled during work ends its workload, keeps its result and cleans up', async () => {
  let cancel = () => {}
  const { driver, run, phases } = await driverOf({
    spec: { samples: 2 },
    say: ({ phase, attempt }) => {
      if (phase !== 'work') return undefined
      if (attempt === 0) cancel()
      return { workload: { signal: 'SIGTERM', duration: 5, timedOut: false } }
    }
  })
  let aborted: boolean | undefined
  cancel = () => {
    const context = run.parts.workloads.get(run.id)
    driver.cancel('somebody', 'enough')
    aborted = context?.signal.aborted
  }
  await driver.drive()
  assert.is(aborted, true, 'the workload is told by its context')
  assert.equal(phases().slice(3), [
    ...['start 1-default/1', 'work 1-default/1', 'stop 1-default/1', 'send 1-default/1', 'end', 'terminate']
  ])
  assert.equal([run.record.verdict, run.record.reason], ['cancelled', 'cancelled by somebody: enough'])
  assert.is(run.record.workload[0]?.signal, 'SIGTERM')
  assert.is(run.parts.workloads.size, 0)
})

test('a run that is cancelled in another phase does not wait for its members, and twice is once', async () => {
  const { driver, run, phases, stored } = await driverOf({
    say: ({ phase }) => (phase === 'stage' ? 'silent' : undefined)
  })
  const driven = driver.drive()
  await until(() => (phases().includes('stage') ? true : undefined))
  driver.cancel('somebody', 'enough')
  driver.cancel('another', 'too much')
  await driven
  assert.equal(phases(), ['join', 'stage', 'end', 'terminate'])
  assert.equal([run.record.verdict, run.record.excluded], ['cancelled', []])
  assert.is(stored.filter(({ type }) => type === 'cancel').length, 1)
  assert.instance(run.cancelled.reason, Stopped)
})

test('a run is cancelled as long as it has no verdict, and not after that', async () => {
  let accepted: boolean | undefined
  const late: RunHook = {
    name: 'late',
    after({ phase }) {
      if (phase === 'terminate') setImmediate(() => (accepted = driver.cancel('somebody', 'enough')))
    }
  }
  const { driver, run } = await driverOf({ hooks: [late] })
  await driver.drive()
  assert.equal([accepted, run.record.verdict], [true, 'cancelled'])
  assert.is(driver.cancel('another', 'too much'), false)
  const hasVerdict: RunHook = {
    name: 'has a verdict',
    async close({ record }) {
      if (record.verdict === 'ok') accepted = other.driver.cancel('somebody', 'enough')
    }
  }
  const other = await driverOf({ hooks: [hasVerdict] })
  await other.driver.drive()
  assert.equal([accepted, other.run.record.verdict], [false, 'ok'])
  assert.not(other.stored.some(({ type }) => type === 'cancel'))
})

test('a strict run that lacks what it was asked for has another status, in its record and its last event', async () => {
  for (const [strict, status] of [
    [true, 2],
    [false, 0]
  ]) {
    const { driver, run, stored } = await driverOf({ spec: { policy: { strict } } })
    run.lack({ kind: 'tool', what: 'x', reason: 'not usable' })
    await driver.drive()
    const last = stored.at(-1)
    assert.equal([run.record.verdict, run.record.status, last?.type === 'ended' && last.status], ['ok', status, status])
  }
})

test('a driver that begins in mid plan goes on from there with the numbers that follow', async () => {
  const spec = { samples: 2 }
  const { run: example } = await fakeRun({ spec: { sysinfo: 'none', ...spec } })
  const position = planned(example.order.spec).indexOf('start 1-default/2')
  const { driver, run, phases, commands } = await driverOf({ spec, joined: true, position, seq: 41 })
  run.record.state = 'running'
  await driver.drive()
  assert.equal(phases(), planned(run.order.spec).slice(position))
  assert.equal([commands[0]?.seq, commands[0]?.epoch], [42, 1])
  assert.is(run.record.verdict, 'ok')
})

test('the content of the open command is there for members that come while they join and are staged', async () => {
  const seen = new Map<Phase, boolean>()
  const made = await driverOf({
    say: ({ phase }) => {
      seen.set(phase, made.driver.content != null)
      return undefined
    }
  })
  await made.driver.drive()
  assert.equal(
    [...seen].filter(([, there]) => there).map(([phase]) => phase),
    ['join', 'stage']
  )
})

test('candidates may open a stream, others and those that are excluded may not', async () => {
  const { driver, run, signers } = await driverOf({ joined: true })
  const [m0, m1] = signers as [Signer, Signer]
  run.exclude({ peer: m1.peer, name: 'm1', phase: 'stage', code: 'timeout', reason: 'silent' })
  assert.equal(
    [m0.peer, m1.peer, 'somebody'].map(peer => driver.admits(peer)),
    [true, false, false]
  )
})
test.run()
