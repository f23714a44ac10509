/** The loop of one client under a clock that only requests and waits move. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ClientLoop, type LoopEnd, type LoopOutcome, type LoopSample } from '../../../protocols/tasks/client-loop.ts'
import type { PlannedTask } from '../../../protocols/tasks/elements.ts'
import { pacerOf } from '../../../protocols/tasks/pacing.ts'
import { MAX_CLIENTS } from '../../../protocols/tasks/task.ts'
import { rally } from './rally.ts'

const test = suite('the loop of a client')

interface Given extends Partial<PlannedTask> {
  index?: number
  /** ms */
  wait?: number
  /** Of each request, ms; the last one for all that follow. */
  services?: number[]
  /** ms before and behind each request. */
  overhead?: number
  outcome?: (request: number) => Partial<LoopOutcome>
  end?: LoopEnd
  hasOwnEnd?: boolean
  begin?: number
}
const BEGIN = 5_000

async function run({
  index = 0,
  wait = 0,
  services = [10],
  overhead = 0,
  outcome,
  end = {},
  begin = BEGIN,
  ...given
}: Given) {
  const task: PlannedTask = {
    ...{ name: 't', operation: { type: 'module', module: 'm.js', params: {}, timeout: 0 }, operationName: 'o' },
    ...{ clients: 1, warmupIterations: 0, rampUp: 0, schedule: 'deterministic', ignoreErrors: false },
    ...given
  }
  let now = begin
  let requests = 0
  const samples: LoopSample[] = []
  const clock = {
    now: () => now,
    async until(moment: number) {
      now = Math.max(now, moment)
    }
  }
  async function request(): Promise<LoopOutcome> {
    now += overhead
    const begun = now
    now += services[Math.min(requests, services.length - 1)] as number
    const ended = now
    now += overhead
    const special = outcome?.(requests)
    requests++
    return { begun, ended, ...special }
  }
  const record = (sample: LoopSample) => void samples.push({ ...sample })
  const pacer = pacerOf(task, index)
  const options = { task, begin, wait, pacer, clock, end, request, record, hasOwnEnd: given.hasOwnEnd ?? false }
  const loop = new ClientLoop(options)
  await loop.run()
  return { loop, samples, now: now - begin }
}
const rounded = (values: number[]) => values.map(each => Math.round(each * 1_000) / 1_000)
const latencies = (samples: LoopSample[]) => rounded(samples.map(({ latency }) => latency))
const dues = (samples: LoopSample[]) => rounded(samples.map(({ due }) => due))

/** ms of a column of a vector, which has seconds. */
const column = (samples: (typeof rally.executor)[number]['samples'], at: number) =>
  rounded(samples.map(row => (row[at] as number) * 1_000))

for (const given of rally.executor.filter(({ rampUp }) => rampUp == null))
  test(`sends as Rally's: ${given.name}`, async () => {
    const { targetThroughput, clients, clientIndex: index, serviceTimes, overheadEachSide, samples: golden } = given
    const normal = golden.filter(([type]) => type === 'Normal').length
    const { samples } = await run({
      ...{ clients, index, overhead: overheadEachSide * 1_000, services: serviceTimes.map(each => each * 1_000) },
      ...{ warmupIterations: golden.length - normal, iterations: normal },
      ...(targetThroughput == null ? {} : { throughput: { perSecond: targetThroughput, unit: 'ops' } })
    })
    // clients are spread over the interval, which Rally's are not
    const offset = targetThroughput == null ? 0 : (index * 1_000) / targetThroughput
    assert.equal(rounded(samples.map(({ sent }) => sent - offset)), column(golden, 1))
    assert.equal(
      samples.map(({ isWarmup }) => (isWarmup ? 'Warmup' : 'Normal')),
      golden.map(([type]) => type)
    )
    assert.equal(rounded(samples.map(({ service }) => service)), column(golden, 3))
    assert.equal(rounded(samples.map(({ processing }) => processing)), column(golden, 4))
    // Rally takes the service time of the first request for its latency; here it counts from when it was due, as all others
    assert.equal(latencies(samples).slice(1), column(golden, 2).slice(1))
    assert.is(latencies(samples)[0], Math.round((overheadEachSide + (serviceTimes[0] as number)) * 1_000))
  })

test('is due from the end of its ramp-up on: no burst where Rally had latencies of 320 ms', async () => {
  const given = rally.executor.find(({ rampUp }) => rampUp != null)
  assert.ok(given)
  assert.is(Math.max(...column(given.samples, 2)), 320, 'the vector has the burst')
  const { samples } = await run({
    clients: 2,
    index: 1,
    wait: 500,
    iterations: 6,
    throughput: { perSecond: 10, unit: 'ops' }
  })
  assert.equal(latencies(samples), [10, 10, 10, 10, 10, 10])
  assert.equal(dues(samples), [600, 800, 1_000, 1_200, 1_400, 1_600])
})

test('counts the latency of what a stall delayed from when it was due', async () => {
  const services = [10, 10, 350, 10, 10, 10, 10, 10]
  const { samples } = await run({ services, iterations: 8, throughput: { perSecond: 10, unit: 'ops' } })
  assert.equal(latencies(samples), [10, 10, 350, 260, 170, 80, 10, 10])
  assert.equal(rounded(samples.map(({ service }) => service)), services)
})

test('is in step with no other client of its task', async () => {
  const clients = 4
  const all = await Promise.all(
    [0, 1, 2, 3].map(index => run({ clients, index, iterations: 3, throughput: { perSecond: 10, unit: 'ops' } }))
  )
  const sent = all.flatMap(({ samples }) => dues(samples)).sort((one, other) => one - other)
  assert.equal(sent, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000, 1_100])
})

test('counts as warm-up what was due in it, and sends what was due before the end and nothing else', async () => {
  // the third request takes from 200 to 450 ms: what was due at 300 and 400 is late
  const { samples, loop } = await run({
    ...{ services: [10, 10, 250, 10], warmupPeriod: 0.35, period: 0.4 },
    throughput: { perSecond: 10, unit: 'ops' }
  })
  assert.equal(dues(samples), [0, 100, 200, 300, 400, 500, 600, 700])
  assert.equal(
    samples.map(({ isWarmup }) => isWarmup),
    [true, true, true, true, false, false, false, false]
  )
  assert.is(loop.unsent, 0)
  assert.ok(loop.isDone)
})

test('sends as many as the target says, whatever the begin and the intervals are rounded to', async () => {
  for (const begin of [0, 5_000, 1_796_103_777_172.546, 1_796_103_777_172.1])
    for (const [perSecond, clients] of [
      [200, 4],
      [999, 7],
      [1_000, 3]
    ] as const) {
      const throughput = { perSecond, unit: 'ops' }
      let sent = 0
      for (let index = 0; index < clients; index++) {
        const { samples } = await run({
          begin,
          index,
          clients,
          throughput,
          period: 8,
          warmupPeriod: 1,
          services: [0.1]
        })
        sent += samples.filter(({ isWarmup }) => !isWarmup).length
      }
      assert.is(sent, perSecond * 8, `${clients} clients from ${begin}`)
    }
})

test('without a target sends until its time is over, and what was sent in the warm-up is of it', async () => {
  const { samples } = await run({ services: [100], warmupPeriod: 0.25, period: 0.2 })
  assert.equal(dues(samples), [0, 100, 200, 300, 400])
  assert.equal(
    samples.map(({ isWarmup }) => isWarmup),
    [true, true, true, false, false]
  )
  assert.equal(latencies(samples), [100, 100, 100, 100, 100])
})

test('gives up what is still due a second behind its end, and counts it', async () => {
  const { samples, loop, now } = await run({ services: [500], period: 2, throughput: { perSecond: 10, unit: 'ops' } })
  assert.is(now, 3_000)
  assert.is(samples.length, 6)
  assert.is(loop.unsent, 14, 'of 20')
})

test('counts at once what is unsent, however much that is', async () => {
  const unsentAt = async (perSecond: number) => {
    const { samples, loop } = await run({ services: [500], period: 100, throughput: { perSecond, unit: 'ops' } })
    return loop.unsent + samples.length
  }
  assert.is(await unsentAt(1e8), 1e10)
  // of all clients that a run may have the sum is a whole number yet
  assert.ok((await unsentAt(1e300)) * MAX_CLIENTS < Number.MAX_SAFE_INTEGER)
})

test('with a warm-up and no period goes on until another task completes its element', async () => {
  const end: LoopEnd = {}
  const { samples, loop } = await run({
    ...{ warmupPeriod: 0.03, end },
    outcome: request => {
      if (request === 5) end.reason = 'completed'
      return {}
    }
  })
  assert.is(samples.length, 6, 'the current request is ended and recorded')
  assert.equal(
    samples.map(({ isWarmup }) => isWarmup),
    [true, true, true, false, false, false]
  )
  assert.not(loop.isDone)
  assert.is(loop.progress(BEGIN + 1_000), undefined)
})

test('records no error of a request that was aborted because the task is cut', async () => {
  const end: LoopEnd = {}
  const outcome = (request: number) => {
    if (request < 2) return {}
    end.reason = 'cut'
    return { failed: 'aborted' }
  }
  const { samples, loop } = await run({ end, outcome, iterations: 10 })
  assert.is(samples.length, 2)
  assert.is(loop.done, 2)
  assert.not(loop.isDone)
})

test('makes one request where nothing says how many, and as many as its operation says where that has an end', async () => {
  assert.is((await run({})).samples.length, 1)
  const outcome = (request: number) => ({ isLast: request === 4 })
  const { samples, loop } = await run({ hasOwnEnd: true, outcome })
  assert.is(samples.length, 5)
  assert.ok(loop.isDone)
})

test('follows the weight of answers, and is paced as by single ones while all fail', async () => {
  const throughput = { perSecond: 100, unit: 'docs' }
  const outcome = (request: number) => (request < 3 ? { failed: 'status 503' } : { weight: 50, unit: 'docs' })
  const { samples } = await run({ outcome, throughput, services: [1], iterations: 6 })
  assert.equal(dues(samples), [0, 10, 20, 30, 530, 1_030])
  assert.equal(
    samples.map(({ weight }) => weight),
    [0, 0, 0, 50, 50, 50]
  )
})

test('keeps clients apart also where an answer has a weight', async () => {
  const outcome = () => ({ weight: 50, unit: 'docs' })
  const given = { outcome, throughput: { perSecond: 100, unit: 'docs' }, clients: 4, services: [1], iterations: 3 }
  const all = await Promise.all([0, 1, 2, 3].map(index => run({ ...given, index })))
  const second = all.map(({ samples }) => dues(samples)[1])
  assert.equal(second, [2_000, 2_500, 3_000, 3_500])
})

test('refuses answers in another unit than the target, but for a target in operations', async () => {
  const outcome = () => ({ weight: 5, unit: 'pages' })
  try {
    await run({ outcome, throughput: { perSecond: 10, unit: 'docs' }, iterations: 2 })
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, 't: its target is in docs/s, and its operation counts pages')
  }
  const { samples } = await run({ outcome, throughput: { perSecond: 10, unit: 'ops' }, iterations: 2 })
  assert.equal(dues(samples), [0, 100])
})

test('of Poisson has the target as its mean, other numbers for each client, task and sample, and the same each time', async () => {
  const given = {
    schedule: 'poisson' as const,
    services: [0],
    iterations: 4_000,
    throughput: { perSecond: 50, unit: 'ops' }
  }
  const one = await run(given)
  const mean = (one.samples.at(-1) as LoopSample).due / 4_000
  assert.ok(Math.abs(mean - 20) < 1, `${mean} ms`)
  assert.equal((await run(given)).samples, one.samples)
  const other = await run({ ...given, index: 1 })
  assert.is.not(other.samples[0]?.due, one.samples[0]?.due)
  const pacers = ['1-a/sample1', '1-a/sample1', '1-a/sample2'].map(sample =>
    pacerOf({ ...given, name: 't', clients: 1 }, 0, sample)
  )
  assert.is(pacers[0]?.due, pacers[1]?.due)
  assert.is.not(pacers[0]?.due, pacers[2]?.due)
  const beside = await run({ ...given, name: 'u' })
  const shared = new Set(one.samples.map(({ due }) => due))
  assert.is(beside.samples.filter(({ due }) => shared.has(due)).length, 0, 'two tasks are not in phase')
  const gaps = dues(one.samples).map((due, i, all) => due - (all[i - 1] ?? 0))
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
  assert.ok(Math.abs(deviation / mean - 1) < 0.1, 'exponential: the deviation is the mean')
})

test('tells its progress by its time, or by its requests', async () => {
  const timed = await run({ services: [100], warmupPeriod: 1, period: 1 })
  assert.is(timed.loop.progress(BEGIN + 500), 1, 'it has ended')
  const end: LoopEnd = {}
  const { loop } = await run({
    ...{ iterations: 8, warmupIterations: 2, end },
    outcome: request => {
      if (request === 3) end.reason = 'completed'
      return {}
    }
  })
  assert.is(loop.progress(BEGIN), 0.4)
})

test.run()
