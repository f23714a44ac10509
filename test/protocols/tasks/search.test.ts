/** Which values a search tries, and the knee that it finds. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decisiveFailure } from '../../../protocols/matrix/decisive-failure.ts'
import { dueSamples, plannedSamples } from '../../../protocols/matrix/due-samples.ts'
import { outcomeOf } from '../../../protocols/matrix/iteration-summary.ts'
import type { Step } from '../../../protocols/phase.ts'
import { checkSpec } from '../../../protocols/run-file.ts'
import type { Spec, SpecInput } from '../../../protocols/spec.ts'
import { describeKnee, kneeOf } from '../../../protocols/tasks/knee.ts'
import { gridOf } from '../../../protocols/tasks/search-grid.ts'
import { judgeThresholds } from '../../../protocols/thresholds/judge.ts'
import type { WorkEntry } from '../../../protocols/work-entry.ts'

const test = suite('the search for a limit')

type Given = Partial<NonNullable<SpecInput['search']>>
const specOf = (search: Given = {}, more: Partial<SpecInput> = {}): Spec =>
  checkSpec({
    task: [{ name: 't', operation: { type: 'http', url: 'http://127.0.0.1/' }, time_period: 1 }],
    threshold: [{ metric: 't.latency.p99', max: 20, unit: 'ms' }],
    search: { from: 100, to: 1_000, step: 10, ...search },
    ...more
  })

/** As a run does it: what a sample measured decides which is the next. */
function searchFor(
  spec: Spec,
  latencyAt: (value: number, sample: number) => number | undefined,
  errorAt: (value: number) => string | undefined = () => undefined
) {
  const values = gridOf(spec.search as never)
  const workload: WorkEntry[] = []
  const tried: number[] = []
  const measured = (step: Step) =>
    outcomeOf(
      workload.filter(each => each.step === step),
      spec
    )
  for (const step of dueSamples(spec, measured)) {
    const value = values[step.number - 1] as number
    tried.push(value)
    const latency = latencyAt(value, step.sample)
    const metrics = latency == null ? [] : [{ name: 't.latency.p99', value: latency, unit: 'ms', samples: 1 }]
    const error = errorAt(value)
    const how = error == null ? { exit: 0 } : { error }
    workload.push({ step, name: 't', ...how, duration: 1, timedOut: false, metrics })
  }
  return { tried, workload, knee: kneeOf(spec, workload) }
}

test('doubles until a threshold breaks, halves the way, and confirms the two values around the knee in turn', () => {
  const { tried, knee } = searchFor(specOf(), value => (value <= 620 ? 5 : 50))
  assert.equal(tried.slice(0, 4), [100, 200, 400, 800])
  assert.equal(tried.slice(4, 10), [600, 700, 650, 620, 630, 620])
  assert.equal(tried.slice(10), [630, 620, 630])
  assert.equal(knee, {
    ...{ parameter: 't.target_throughput', found: 'between' },
    holds: { number: 53, value: 620, samples: 3, over: 0 },
    breaks: { number: 54, value: 630, samples: 3, over: 3 }
  })
  assert.is(
    describeKnee(knee as never),
    'the knee of t.target_throughput is between 620 (3 of 3 samples hold) and 630 (0 of 3)'
  )
})

test('is over with the first value where that does not hold, after it was confirmed', () => {
  const { tried, knee } = searchFor(specOf(), () => 50)
  assert.equal(tried, [100, 100, 100])
  assert.is(
    describeKnee(knee as never),
    'the knee of t.target_throughput is below the first value, 100 (0 of 3 samples hold)'
  )
})

test('is over with the last value where that holds, after it was confirmed', () => {
  const { tried, knee } = searchFor(specOf(), () => 5)
  assert.equal(tried, [100, 200, 400, 800, 1_000, 1_000, 1_000])
  assert.is(
    describeKnee(knee as never),
    'the knee of t.target_throughput is above the last value, 1000 (3 of 3 samples hold)'
  )
})

test('goes on from a value that turns out to be other than its first sample was', () => {
  // at 620 the first sample is lucky, and at 610 the first is not
  const { knee } = searchFor(specOf(), (value, sample) => {
    if (value === 620) return sample === 1 ? 5 : 50
    return value < 620 ? 5 : 50
  })
  assert.equal([knee?.holds?.value, knee?.breaks?.value, knee?.breaks?.over], [610, 620, 2])
  const other = searchFor(specOf(), (value, sample) => (value === 630 && sample === 1 ? 50 : value <= 660 ? 5 : 50))
  assert.equal([other.knee?.holds?.value, other.knee?.breaks?.value], [660, 670])
})

test('takes a sample that could not show the metric as one that broke its threshold', () => {
  const { knee } = searchFor(specOf(), value => (value <= 300 ? 5 : undefined))
  assert.equal([knee?.holds?.value, knee?.breaks?.value], [300, 310])
})

test('judges a value by all its samples as the thresholds of the run do: their median, or each of them', () => {
  const noisy = (value: number, sample: number) => (value > 300 || (value > 200 && sample === 2) ? 50 : 5)
  assert.is(searchFor(specOf(), noisy).knee?.holds?.value, 300)
  const each = specOf({}, { threshold: [{ metric: 't.latency.p99', max: 20, judge: 'each' }] })
  const { workload, knee } = searchFor(each, noisy)
  assert.is(knee?.found, 'between')
  assert.ok((knee?.holds?.value ?? 0) <= 300 && knee?.holds?.over === 0)
  const [decision] = judgeThresholds({ spec: each, workload, roster: [], excluded: [], sent: [] }, [])
  assert.is(decision?.outcome, 'met')
})

test('goes by no threshold of tools, nor by one in another unit', () => {
  const tools = { metric: 'cpu.busy', max: 1, of: 'tools' as const }
  const spec = specOf({}, { threshold: [{ metric: 't.latency.p99', max: 20, unit: 'ms' }, tools] })
  assert.is(searchFor(spec, value => (value <= 300 ? 5 : 50)).knee?.holds?.value, 300)
  const seconds = specOf({}, { threshold: [{ metric: 't.latency.p99', max: 20, unit: 's' }] })
  assert.is(searchFor(seconds, () => 5).knee?.found, 'below')
})

test('of clients tries whole numbers', () => {
  const { tried, knee } = searchFor(specOf({ vary: 'clients', from: 1, to: 64, step: 1 }), value => value)
  assert.equal(tried.slice(0, 6), [1, 2, 4, 8, 16, 32])
  assert.equal([knee?.parameter, knee?.holds?.value, knee?.breaks?.value], ['t.clients', 20, 21])
})

test('takes as many samples of each value as the run says, and no fewer of those around the knee', () => {
  const { tried } = searchFor(specOf({ confirm: 1 }, { samples: 2 }), value => (value <= 150 ? 5 : 50))
  assert.equal(tried.slice(0, 4), [100, 100, 200, 200])
  assert.ok([...Map.groupBy(tried, value => value).values()].every(each => each.length === 2))
})

const knees = fc.record({ limit: fc.integer({ min: 0, max: 1_100 }), step: fc.integer({ min: 5, max: 300 }) })

test('finds any limit to a step, with few samples beside those that confirm', () => {
  fc.assert(
    fc.property(knees, ({ limit, step }) => {
      const spec = specOf({ step })
      const values = gridOf(spec.search as never)
      const { tried, knee } = searchFor(spec, value => (value <= limit ? 5 : 50))
      const breaks = values.find(value => value > limit)
      const holds = values.findLast(value => value <= limit)
      assert.equal([knee?.holds?.value, knee?.breaks?.value], [holds, breaks])
      assert.is(knee?.found, holds == null ? 'below' : breaks == null ? 'above' : 'between')
      assert.ok(tried.length <= 5 + Math.ceil(Math.log2(values.length)) + 4 + 1, `${tried}`)
    })
  )
})

test('ends whatever is measured, no value has more samples than may be, and the verdict says the same', () => {
  const outcomes = fc.infiniteStream(fc.boolean())
  fc.assert(
    fc.property(outcomes, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (noise, samples, confirm) => {
      const spec = specOf({ step: 100, confirm }, { samples })
      const { tried, workload, knee } = searchFor(spec, () => (noise.next().value ? 5 : 50))
      const [decision] = judgeThresholds({ spec, workload, roster: [], excluded: [], sent: [] }, [])
      assert.is(decision?.outcome, knee?.holds == null ? 'missed' : 'met')
      const counts = [...Map.groupBy(tried, value => value).values()].map(each => each.length)
      assert.ok(Math.max(...counts) <= Math.max(samples, confirm))
      assert.is.not(knee?.found, 'open')
      for (const side of [knee?.holds, knee?.breaks])
        if (side != null) assert.is(side.samples, Math.max(samples, confirm))
    })
  )
})

test('takes a task that failed for a value that does not hold; the run has failed only where none holds', () => {
  const refusedFrom = (limit: number) => {
    const made = searchFor(
      specOf(),
      () => 5,
      value => (value > limit ? 'a: t: ECONNREFUSED' : undefined)
    )
    return { ...made, failure: decisiveFailure({ spec: specOf(), workload: made.workload, resumes: undefined }) }
  }
  const some = refusedFrom(620)
  assert.equal([some.knee?.found, some.knee?.holds?.value, some.knee?.breaks?.value], ['between', 620, 630])
  assert.is(some.failure, undefined)
  const none = refusedFrom(0)
  assert.equal([none.knee?.found, none.failure?.failed.length], ['below', 3])
})

test('goes on where an earlier run was cut short, as if it had been one', () => {
  const spec = specOf()
  const latencyAt = (value: number) => (value <= 620 ? 5 : 50)
  const whole = searchFor(spec, latencyAt)
  for (const cut of [1, 5, 9, whole.workload.length - 1]) {
    const taken = whole.workload.slice(0, cut).map(entry => ({ step: entry.step, ...outcomeOf([entry], spec) }))
    const rest = whole.workload.slice(cut)
    const left = rest.map(({ step }) => `${step.number}/${step.sample}`)
    let next = 0
    const steps = [...dueSamples(spec, () => outcomeOf([rest[next++] as WorkEntry], spec), taken)]
    assert.equal(
      steps.map(({ number, sample }) => `${number}/${sample}`),
      left
    )
    assert.equal(kneeOf(spec, rest, taken), whole.knee)
    assert.is(kneeOf(spec, whole.workload.slice(0, cut))?.found, 'open')
  }
})

test('decides its thresholds by the highest value that holds, or by the first one where none does', () => {
  const spec = specOf()
  const judge = (workload: WorkEntry[]) =>
    judgeThresholds({ spec, workload, roster: [], excluded: [], sent: [] }, []).map(({ iteration, outcome, value }) => [
      iteration.number,
      outcome,
      value
    ])
  assert.equal(judge(searchFor(spec, value => (value <= 620 ? 5 : 50)).workload), [[53, 'met', 5]])
  assert.equal(judge(searchFor(spec, () => 50).workload), [[1, 'missed', 50]])
})

test('is planned as if each value held', () => {
  assert.equal(
    plannedSamples(specOf()).map(({ number }) => number),
    [1, 11, 31, 71, 91, 91, 91]
  )
})

test.run()
