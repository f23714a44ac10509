/** The clients of one sample on a member: what each part answers, what ends an element early, and what is signed then. */
import { setTimeout as sleep } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ToDriver } from '../../../node/work/tasks/driver-messages.ts'
import { sharedOffset } from '../../../node/work/tasks/shared-clock.ts'
import { FLAGS } from '../../../protocols/tasks/sample-block.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { drivenLoad, joined, problemOf, samplesOf, soon } from './driven-load.ts'

const test = suite('the clients of a member')
test.after(stayAwake())

const three = [{ latency: 1 }, { latency: 2, flags: FLAGS.failed }, { latency: 9, flags: FLAGS.warmup }]
const counts = { samples: 2, warmup: 1, failed: 1 }

test('prepare starts the driver, waits for it, and answers with the targets', async () => {
  const { load, driver, prepared } = drivenLoad()
  assert.equal(await prepared(), { tasks: [], targets: [{ target: 'http://127.0.0.1:1', server: 'nginx' }] })
  assert.equal(driver.types, ['begin', 'prepare'])
  assert.is((await problemOf(load.prepare(soon()))).code, 'state')
  const { load: answer, missing, warnings } = await load.end()
  assert.equal([answer.tasks, missing, warnings], [[], [], []])
  assert.is(driver.stopped, 3_000)
})

test('what cannot be prepared, or done once, fails with the words of the driver', async () => {
  const { load, driver } = drivenLoad()
  const first = load.prepare(soon())
  await driver.heard('begin')
  driver.say({ type: 'ready', workers: 1 })
  await driver.heard('prepare')
  driver.say({ type: 'done', what: 'prepare', error: 'http://127.0.0.1:1 cannot be reached: ECONNREFUSED' })
  const why = { code: 'workload-failed', message: 'http://127.0.0.1:1 cannot be reached: ECONNREFUSED' }
  assert.equal(await problemOf(first), why)
  await load.end(100)
  const other = drivenLoad()
  await other.prepared()
  const setup = other.load.doOnce('setup', soon())
  await other.driver.heard('setup')
  other.driver.say({ type: 'done', what: 'setup', error: 'exit 3' })
  assert.equal(await problemOf(setup), { code: 'workload-failed', message: 'exit 3' })
  await other.load.end(100)
})

test('a setup that is given up does not stand for the teardown behind it, whenever it ends', async () => {
  const { load, driver, prepared } = drivenLoad()
  await prepared()
  assert.is((await problemOf(load.doOnce('setup', AbortSignal.timeout(50)))).code, 'timeout')
  const teardown = load.doOnce('teardown', soon())
  await driver.heard('teardown')
  driver.say({ type: 'done', what: 'setup' })
  assert.is(await Promise.race([teardown.then(() => 'done'), sleep(100).then(() => 'under way')]), 'under way')
  driver.say({ type: 'done', what: 'teardown' })
  await teardown
  await load.end(100)
})

test('an element is answered when its clients have ended and the controller has all, with the times of its clock', async () => {
  const { load, driver, prepared } = drivenLoad({ offset: 1_000 })
  await prepared()
  const answer = load.tasks(1, 5_000, soon())
  await driver.heard('element')
  const { begin, ...element } = driver.said.at(-1) as Extract<ToDriver, { type: 'element' }>
  assert.equal(element, { type: 'element', element: 1, at: 5_000 })
  const ago = performance.now() + sharedOffset() - begin
  assert.ok(Math.abs(Date.now() - 5_000 - ago) < 1_000, 'the same moment by the clock that cannot be set')
  driver.say(samplesOf(1, 't', three), joined(1, [{ ...counts, began: { first: 5_000, last: 5_002 } }]))
  const expected = {
    ...{ element: 1, task: 't', ...counts, latency: 3_000, service: 2_000, ended: 'schedule' },
    began: { first: 4_000, last: 4_002 }
  }
  const { tasks, health } = await answer
  assert.equal(tasks, [expected])
  assert.is(health?.lagMax, 2)
  const end = await load.end()
  assert.equal(end.load.tasks, [expected], 'said again, since the answer may have come too late')
})

test('elements come in their order, each once, and none that is not in the schedule', async () => {
  const { load, driver, prepared } = drivenLoad()
  assert.is((await problemOf(load.tasks(1, 0, soon()))).code, 'state', 'before it is prepared')
  await prepared()
  const begun = load.tasks(2, 0, soon())
  await driver.heard('element')
  driver.say(joined(2))
  await begun
  for (const each of [2, 1, 3]) assert.is((await problemOf(load.tasks(each, 0, soon()))).code, 'state')
  await load.end()
  assert.is((await problemOf(load.tasks(2, 0, soon()))).code, 'state')
})

test('of an element that a task completes the answer is when its clients have ended; the counts come with the join point', async () => {
  const { load, driver, prepared } = drivenLoad()
  await prepared()
  const begun = load.tasks(2, 0, soon())
  await driver.heard('element')
  driver.say(samplesOf(2, 'v', three), { type: 'completing', element: 2 })
  assert.equal(await begun, { tasks: [] })
  assert.not.ok(driver.types.includes('cut'))
  load.hear({ phase: 'work', element: 2 })
  const completed = load.complete(2, soon())
  await driver.heard('complete')
  driver.say(joined(2, [{ task: 'v', ...counts, ended: 'completed' }, { task: 'u' }]))
  const { tasks } = await completed
  assert.equal(
    tasks.map(({ task, samples, ended }) => [task, samples, ended]),
    [
      ['u', 0, 'schedule'],
      ['v', 2, 'completed']
    ]
  )
  assert.not.ok(driver.types.includes('cut'))
  await load.end()
})

test('who has no client of the task that completes an element says so at once, and who was not asked to begin it at its end', async () => {
  const elements = [{ number: 1, tasks: ['v'], completedBy: 'u', isCompleting: false }]
  const clients = { elements, workers: [[0]], exact: {} }
  const one = drivenLoad({ clients })
  await one.prepared()
  assert.equal(await one.load.tasks(1, 0, soon()), { tasks: [] })
  await one.load.end(50)
  const other = drivenLoad({ clients })
  await other.prepared()
  assert.equal(await other.load.complete(1, soon()), { tasks: [] })
  await other.load.end(50)
  const plain = drivenLoad()
  await plain.prepared()
  assert.match((await problemOf(plain.load.complete(1, soon()))).message, /no task completes element 1/)
  await plain.load.end()
})

test('a newer command that is not about the element cuts it; what was measured is brought and signed', async () => {
  for (const heard of [{ phase: 'stop' }, { phase: 'work' }, { phase: 'work', element: 2 }]) {
    const { load, driver, prepared } = drivenLoad()
    await prepared()
    const given = new AbortController()
    const begun = problemOf(load.tasks(1, 0, given.signal))
    await driver.heard('element')
    driver.say(samplesOf(1, 't', three))
    load.hear({ phase: 'work', element: 1 })
    assert.not.ok(driver.types.includes('cut'))
    load.hear(heard)
    load.hear(heard)
    given.abort(Object.assign(new Error('over'), { code: 'phase-closed' }))
    await begun
    const end = load.end()
    await driver.heard('cut')
    driver.say(joined(1, [{ ...counts, ended: 'cut' }]))
    const { load: answer, missing } = await end
    assert.equal(
      answer.tasks.map(({ samples, warmup, failed, ended, error }) => ({ samples, warmup, failed, ended, error })),
      [{ ...counts, ended: 'cut', error: undefined }]
    )
    assert.equal(missing, [])
    assert.is(driver.types.filter(each => each === 'cut').length, 1)
  }
})

test('teardown waits until nothing goes on, and is done after a failed task, too', async () => {
  const { load, driver, prepared } = drivenLoad()
  await prepared()
  const given = new AbortController()
  const begun = problemOf(load.tasks(1, 0, given.signal))
  await driver.heard('element')
  given.abort(new Error('over'))
  await begun
  const teardown = load.doOnce('teardown', soon())
  await driver.heard('cut')
  assert.not.ok(driver.types.includes('teardown'))
  driver.say(joined(1, [{ ended: 'cut' }]))
  await driver.heard('teardown')
  driver.say({ type: 'done', what: 'teardown' })
  await teardown
  await load.end()
})

test('a driver that dies fails its element at once, with what came of it', async () => {
  const { load, driver, controller, prepared } = drivenLoad()
  await prepared()
  const answer = load.tasks(1, 0, soon())
  await driver.heard('element')
  driver.say(samplesOf(1, 't', three))
  driver.die()
  const { tasks } = await answer
  assert.equal(tasks, [
    {
      ...{ element: 1, task: 't', ...counts, latency: 3_000, service: 2_000, ended: 'cut' },
      error: 'the load driver: ended by SIGKILL'
    }
  ])
  await until(() => controller.failures.length === 1)
  assert.equal(controller.failures, ['the load driver: ended by SIGKILL'])
  const next = await problemOf(load.tasks(2, 0, soon()))
  assert.equal(next, { code: 'workload-failed', message: 'the load driver: ended by SIGKILL' })
  const { missing } = await load.end()
  assert.equal(missing, [], 'the answer of the task names it')
})

test('a driver that dies between two elements is named as missing, and ends no run by itself', async () => {
  const { load, driver, controller, prepared } = drivenLoad()
  await prepared()
  driver.die()
  await until(
    async () => (await problemOf(load.doOnce('teardown', AbortSignal.timeout(50)))).code === 'workload-failed'
  )
  const { missing } = await load.end()
  assert.equal(missing, [{ kind: 'workload', what: 'load', reason: 'the load driver: ended by SIGKILL' }])
  assert.equal(controller.failures, [])
})

test('an error that ends the run is told at once, and signed with the task', async () => {
  const { load, driver, controller, prepared } = drivenLoad()
  await prepared()
  const answer = load.tasks(1, 0, soon())
  await driver.heard('element')
  driver.say({ type: 'failed', element: 1, reason: 't: ECONNREFUSED' })
  await until(() => controller.failures.length === 1)
  driver.say(samplesOf(1, 't', three), joined(1, [{ ...counts, ended: 'cut', error: 't: ECONNREFUSED' }]))
  const [task] = (await answer).tasks
  assert.equal([task?.samples, task?.ended, task?.error], [2, 'cut', 't: ECONNREFUSED'])
  await load.end()
})

test('a driver that counts otherwise than it brings, or brings what it cannot have measured, is not believed', async () => {
  const one = drivenLoad()
  await one.prepared()
  const answer = one.load.tasks(1, 0, soon())
  await one.driver.heard('element')
  one.driver.say(samplesOf(1, 't', three), joined(1, [{ samples: 3 }]))
  const [task] = (await answer).tasks
  assert.is(task?.samples, 2)
  assert.match(
    task?.error ?? '',
    /^the driver counted 3 samples, .*, and brought 2 samples, 1 of warm-up and 1 failed$/
  )
  await one.load.end()
  for (const odd of [samplesOf(1, 'u', three), samplesOf(2, 't', three), { ...samplesOf(1, 't', three), kinds: [] }]) {
    const { load, driver, prepared } = drivenLoad()
    await prepared()
    const begun = load.tasks(1, 0, soon())
    await driver.heard('element')
    driver.say(odd as never)
    const [failed] = (await begun).tasks
    assert.equal([failed?.samples, failed?.ended], [0, 'cut'])
    assert.match(failed?.error ?? '', /^the load driver: /)
    assert.is(driver.stopped, 0)
    await load.end(100)
  }
})

test('clients that do not end when they are cut are killed, and what came of them counts', async () => {
  const { load, driver, prepared } = drivenLoad()
  await prepared()
  const begun = problemOf(load.tasks(1, 0, AbortSignal.timeout(100)))
  await driver.heard('element')
  driver.say(samplesOf(1, 't', three))
  await begun
  const { load: answer } = await load.end(200)
  assert.is(driver.stopped, 0)
  assert.is(answer.tasks[0]?.samples, 2)
  assert.match(answer.tasks[0]?.error ?? '', /did not end its clients within 0.2 s, and was killed/)
})

test('an end in a hurry does not wait for clients that were cut before', async () => {
  const { load, driver, prepared } = drivenLoad()
  await prepared()
  const begun = problemOf(load.tasks(1, 0, AbortSignal.timeout(100)))
  await driver.heard('element')
  load.hear({ phase: 'stop' })
  await begun
  const from = performance.now()
  await load.end(200)
  assert.ok(performance.now() - from < 2_000)
  assert.is(driver.stopped, 0)
})

test('an element that is longer than the run allows is cut short, and says so', async () => {
  const { load, driver, prepared } = drivenLoad({ timeout: 0.2 })
  await prepared()
  const begun = load.tasks(1, Date.now(), soon())
  await driver.heard('cut')
  driver.say(joined(1, [{ ended: 'cut' }]))
  assert.is((await begun).tasks[0]?.error, 'ended at its deadline of 0.2 s')
  await load.end()
  const quick = drivenLoad({ timeout: 0.2 })
  await quick.prepared()
  const answer = quick.load.tasks(1, Date.now(), soon())
  await quick.driver.heard('element')
  quick.driver.say(joined(1, [{}]))
  await answer
  await sleep(300)
  assert.not.ok(quick.driver.types.includes('cut'))
  await quick.load.end()
})

test('a setup that is given up is cut short, and its end is not taken for that of the teardown', async () => {
  const { load, driver, prepared } = drivenLoad()
  await prepared()
  assert.is((await problemOf(load.doOnce('setup', AbortSignal.timeout(50)))).code, 'timeout')
  let isDone = false
  const teardown = load.doOnce('teardown', soon()).then(() => {
    isDone = true
  })
  await driver.heard('teardown')
  assert.equal(driver.types.slice(-3), ['setup', 'cut', 'teardown'])
  driver.say({ type: 'done', what: 'setup' })
  await sleep(50)
  assert.not(isDone)
  driver.say({ type: 'done', what: 'teardown' })
  await teardown
  await load.end()
})

test('what the controller did not take is in no count, and is named', async () => {
  const { load, driver, controller, prepared } = drivenLoad()
  await prepared()
  controller.stalls = true
  const begun = problemOf(load.tasks(1, 0, AbortSignal.timeout(200)))
  await driver.heard('element')
  driver.say(samplesOf(1, 't', three), joined(1, [counts]))
  assert.is((await begun).code, 'timeout')
  const { load: answer, missing } = await load.end(200)
  assert.is(answer.tasks[0]?.samples, 0)
  assert.equal(
    missing.map(({ reason }) => reason),
    ['of 3 samples nobody knows whether they arrived: the controller did not take them within 0.2 s']
  )
})

test('more samples than may wait for the controller fail the task by name: none is dropped silently', async () => {
  const { load, driver, controller, prepared } = drivenLoad({ most: 1_000 })
  await prepared()
  controller.stalls = true
  const begun = problemOf(load.tasks(1, 0, AbortSignal.timeout(500)))
  await driver.heard('element')
  driver.say(samplesOf(1, 't', three), samplesOf(1, 't', three), samplesOf(1, 't', three))
  await until(() => controller.failures.length === 1)
  assert.match(controller.failures[0] ?? '', /MiB of samples wait for the controller, which takes them more slowly/)
  await begun
  const { load: answer, missing } = await load.end(100)
  assert.match(answer.tasks[0]?.error ?? '', /MiB of samples wait for the controller/)
  assert.is(answer.tasks[0]?.ended, 'cut')
  assert.match(missing[0]?.reason ?? '', /^of 9 samples nobody knows whether they arrived/)
})

test('a stream that is cut in mid task changes no count', async () => {
  const { load, driver, link, prepared } = drivenLoad()
  await prepared()
  const answer = load.tasks(1, 0, soon())
  await driver.heard('element')
  for (let i = 0; i < 20; i++) {
    driver.say(samplesOf(1, 't', three))
    if (i % 7 === 3) link.streams.at(-1)?.cut()
    await sleep(5)
  }
  driver.say(joined(1, [{ samples: 40, warmup: 20, failed: 20 }]))
  const [task] = (await answer).tasks
  assert.equal([task?.samples, task?.warmup, task?.failed, task?.latency, task?.error], [40, 20, 20, 60_000, undefined])
  assert.ok(link.streams.length > 1)
  await load.end()
})

test('status goes on to the controller', async () => {
  const { load, driver, controller, prepared } = drivenLoad()
  await prepared()
  assert.equal(load.now, { element: 0, clients: {} })
  const of = { task: 't', sent: 7, done: 7 }
  await until(() => {
    driver.say({ type: 'status', element: 1, workers: 1, busy: 0, lag: 0, tasks: [{ ...of, clients: 3 }] })
    return controller.statuses > 0
  })
  assert.equal(load.now, { element: 1, clients: { t: 3 } })
  await load.end()
})

test.run()
