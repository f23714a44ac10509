/** Thresholds held against what was measured: tables of values, and files of series with what a member may do to them. */
import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SERIES_FILE, seriesFolder } from '../../../protocols/layout.ts'
import { readRunFile } from '../../../protocols/run-file.ts'
import { type Judged, judgeThresholds, lostThresholds } from '../../../protocols/thresholds/judge.ts'
import { type Decision, describeDecision, type Threshold } from '../../../protocols/thresholds/threshold.ts'
import { fittingIn, readTools, type ToolReadings } from '../../../protocols/thresholds/tool-readings.ts'
import { checkThresholds } from '../../../protocols/verify/threshold-check.ts'
import { seriesResult } from '../../helpers/series-result.ts'
import { scratch } from '../../store/scratch.ts'
import { runRecord, specOf } from '../samples.ts'

const thresholds = suite('thresholds')

type Given = Partial<Threshold>
const thresholdOf = (given: Given) => ({ metric: 'iops', ...given })

/** @param values of the metric by sample; nothing for a sample that does not state it, `failed` for one that failed */
function recordOf(given: Given[], values: Array<number | undefined | 'failed'>, more: object = {}): Judged {
  const spec = specOf({ samples: Math.max(1, values.length), threshold: given.map(thresholdOf), ...more })
  const workload = values.map((value, i) => ({
    step: { number: 1, name: 'default', sample: i + 1 },
    ...{ exit: value === 'failed' ? 1 : 0, duration: 1, timedOut: false },
    ...(typeof value === 'number' && { metrics: [{ name: 'iops', value, unit: '/s', samples: 1 }] })
  }))
  return { ...runRecord, spec, workload }
}
const decided = (given: Given, values: Array<number | undefined | 'failed'>, more?: object): Decision =>
  judgeThresholds(recordOf([given], values, more), [])[0] as Decision

const table: Array<[string, Given, Array<number | undefined | 'failed'>, Decision['outcome'], Partial<Decision>]> = [
  ['a median on its bound', { min: 10 }, [10], 'met', { value: 10, unit: '/s' }],
  ['one sample out of three', { min: 10 }, [9, 11, 12], 'met', { value: 11, samples: 3 }],
  ['two samples out of three', { min: 10 }, [9, 9.5, 12], 'missed', { value: 9.5 }],
  ['the mean of two in the middle', { max: 10 }, [1, 9, 12, 99], 'missed', { value: 10.5 }],
  ['each of them', { min: 10, judge: 'each' }, [9, 11, 12], 'missed', { value: 9, sample: 1 }],
  ['each, and all are good', { min: 10, max: 20, judge: 'each' }, [12, 19, 15], 'met', { value: 19, sample: 2 }],
  ['a failed sample counts for nothing', { min: 10 }, ['failed', 11], 'met', { samples: 1 }],
  [
    'a sample that does not state it',
    { min: 10 },
    [11, undefined],
    'undecided',
    { reason: '1 of 2 good samples do not state it' }
  ],
  ['a bound that is crossed all the same', { min: 10 }, [9, undefined], 'missed', { value: 9 }],
  [
    'nothing that states it',
    { min: 10 },
    [undefined],
    'undecided',
    { reason: 'no workload states it and no tool measured it', samples: 0 }
  ],
  ['no good sample', { min: 10 }, ['failed'], 'undecided', { reason: 'it has no good sample' }],
  ['no sample at all', { min: 10 }, [], 'undecided', { reason: 'it has no good sample' }],
  ['another unit', { min: 10, unit: 'ms' }, [11], 'undecided', { reason: 'it is in /s' }],
  ['its unit', { min: 10, unit: '/s' }, [11], 'met', {}],
  ['a metric that no tool of a member measured', { min: 10, tool: 'vmstat' }, [11], 'undecided', {}]
]
for (const [title, given, values, outcome, more] of table)
  thresholds(`${title}: ${outcome}`, () => {
    const found = decided(given, values)
    assert.is(found.outcome, outcome, JSON.stringify(found))
    for (const [key, value] of Object.entries(more)) assert.equal(found[key as keyof Decision], value, key)
  })

thresholds('a threshold is about the iterations whose name fits', () => {
  const iterations = [{ name: 'bs=4k' }, { name: 'bs=1m' }]
  const all = judgeThresholds(recordOf([{ min: 1 }, { min: 1, iteration: 'bs=1*' }], [2], { iterations }), [])
  assert.equal(
    all.map(({ threshold, iteration, outcome }) => [threshold, iteration.name, outcome]),
    [
      [0, 'bs=4k', 'met'],
      [0, 'bs=1m', 'undecided'],
      [1, 'bs=1m', 'undecided']
    ]
  )
})

const sentence = (given: Given, values: number[]) =>
  describeDecision(decided(given, values), { judge: 'median', stop: false, ...thresholdOf(given) })
thresholds('a decision is a sentence', () => {
  assert.is(sentence({ min: 10 }, [9, 8, 7]), 'iops of 1-default is 8 /s, min 10 (median of 3 samples)')
  assert.is(sentence({ min: 1, max: 5, judge: 'each' }, [9]), 'iops of 1-default is 9 /s, 1 to 5 (sample 1)')
  assert.is(sentence({ min: 10 }, [9.99999999]), 'iops of 1-default is 9.99999999 /s, min 10 (median of 1 sample)')
  assert.is(sentence({ min: 10 }, [1 / 3]), 'iops of 1-default is 0.333333 /s, min 10 (median of 1 sample)')
  assert.is(sentence({ min: 1 }, []), 'iops of 1-default: not decided, it has no good sample')
})

const lost = (given: Given, values: number[], more?: object) =>
  lostThresholds(recordOf([{ stop: true, ...given }], values, { samples: 3, ...more }), []).length > 0

thresholds('a run is ended early only where no further sample can mend it', () => {
  assert.is(lost({ min: 10 }, [9]), false, 'two more can be good')
  assert.is(lost({ min: 10 }, [9, 9]), true)
  assert.is(lost({ min: 10, max: 20 }, [9, 21]), false, 'the third one may be between them')
  assert.is(lost({ min: 10 }, [9, 9], { max_sample_failures: 4 }), true, 'repeats of failed samples are no more values')
  assert.is(lost({ min: 10, judge: 'each' }, [9]), true)
  assert.is(lost({ min: 10, stop: false }, [9, 9, 9]), false)
  assert.is(lost({ min: 10 }, [9, 9], { max_stddev: { metric: 'iops', percent: 1, samples: 5 } }), false)
})

thresholds('whatever comes after, a threshold that is lost is missed', () => {
  const values = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 9 })
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 9 }), fc.constantFrom('median', 'each'), (all, first, judge) => {
      const given = { min: 5, max: 15, judge: judge as Threshold['judge'] }
      const so = all.slice(0, first)
      if (!lost(given, so, { samples: all.length })) return
      assert.is(decided(given, all).outcome, 'missed', `${so} of ${all}`)
    })
  )
})

const wrongs: Array<[string, RegExp]> = [
  ['metric = "x"', /min, max or both/],
  ['metric = "x"\nmin = 2\nmax = 1', /min is more than max/],
  ['min = 1', /metric/],
  ['metric = "x"\nmin = "1"', /min/],
  ['metric = "x"\nmin = 1\njudge = "mean"', /judge/],
  ['metric = "x"\nmin = 1\nof = "tool"', /of/],
  ['metric = "x"\nmin = 1\nof = "workloads"\ntool = "proc"', /a metric of workloads has no tool/],
  ['metric = "x"\nmin = 1\nstat = "mean"', /stat/]
]
for (const [text, what] of wrongs)
  thresholds(`${text.replaceAll('\n', ', ')} is refused with its line`, () =>
    assert.throws(() => readRunFile(`command = ["true"]\n[[threshold]]\n${text}\n`, 'x.toml'), what)
  )

/** Of a result with series of three members. */
async function ofTools(given: Given, spoil: (path: (sample: number, member: string) => string) => void = () => {}) {
  const folder = scratch()
  const { record, members, samples } = seriesResult({ folder, iterations: ['bs=4k'], samples: 2, seconds: 5 })
  const path = (sample: number, member: string) => {
    const step = samples.find(each => each.step.sample === sample)?.step as (typeof samples)[0]['step']
    return join(folder, seriesFolder(step, member), SERIES_FILE)
  }
  spoil(path)
  record.spec = { ...record.spec, threshold: [{ judge: 'median', stop: false, ...thresholdOf(given) }] }
  const asked = new Map([...(record.spec.threshold ?? []).entries()])
  const readings: ToolReadings[] = []
  for (const { step } of samples) readings.push(await readTools(folder, step, members, asked))
  return { folder, record, readings, decision: judgeThresholds(record, readings)[0] as Decision }
}

thresholds('a metric of tools is that of the member that is furthest out', async () => {
  const { decision } = await ofTools({ metric: 'cpu.busy', max: 25 })
  assert.is(decision.outcome, 'missed')
  assert.is(decision.where, 'proc on m3, cpu=all', 'the busiest one, and all of its processors')
  assert.is(decision.unit, '%')
  assert.is((await ofTools({ metric: 'cpu.busy', max: 99 })).decision.outcome, 'met')
  assert.is((await ofTools({ metric: 'cpu.busy', max: 25, member: 'm1' })).decision.outcome, 'met')
})

thresholds('a workload that states a metric of a tool does not stand in its place', async () => {
  const stating = async (given: Given) => {
    const { record, readings } = await ofTools({ metric: 'cpu.busy', max: 25, ...given })
    for (const entry of record.workload) entry.metrics = [{ name: 'cpu.busy', value: 1, unit: '%', samples: 1 }]
    return { record, readings, decision: judgeThresholds(record, readings)[0] as Decision }
  }
  const { record, readings, decision } = await stating({})
  assert.is(decision.outcome, 'undecided')
  assert.is(decision.reason, 'workloads state it, and proc measured it: say whose by of = "workloads" or "tools"')
  assert.is((await stating({ of: 'tools' })).decision.where, 'proc on m3, cpu=all')
  assert.is((await stating({ of: 'workloads' })).decision.outcome, 'met')
  // what a workload printed over time has its name in the place of a tool's
  const [name] = record.spec.workload.length > 0 ? record.spec.workload.map(each => each.name) : ['command']
  for (const { values } of readings) for (const each of values) each.tool = name as string
  assert.is(judgeThresholds({ ...record, roster: [] }, readings)[0]?.outcome, 'met')
})

thresholds('labels and statistics choose what is judged', async () => {
  const util = { metric: 'disk.util', max: 20 }
  assert.is((await ofTools(util)).decision.where?.replace(/m\d/, 'm'), 'iostat on m, device=nvme0n1')
  assert.is((await ofTools({ ...util, labels: { device: 'sda' } })).decision.outcome, 'met')
  assert.is((await ofTools({ metric: 'memory.used', max: 6.5e9, statistic: 'max' })).decision.outcome, 'missed')
  assert.is((await ofTools({ metric: 'memory.used', max: 6.5e9, statistic: 'min' })).decision.outcome, 'met')
})

thresholds('a file that is damaged, or of another place, decides nothing, and is named', async () => {
  const spoiled = [
    (path: string) => truncateSync(path, 500),
    (path: string) => writeFileSync(path, 'PAR1'.repeat(100)),
    (path: string) => writeFileSync(path, '')
  ]
  for (const spoil of spoiled) {
    const { decision } = await ofTools({ metric: 'cpu.busy', max: 99 }, path => spoil(path(2, 'm2')))
    assert.is(decision.outcome, 'undecided')
    assert.match(decision.reason ?? '', /m2 in 1-bs=4k\/sample2: its file of series /)
    assert.not.match(decision.reason ?? '', /tmp/)
  }
})

thresholds('a member that did not measure in every sample decides nothing', async () => {
  const { decision } = await ofTools({ metric: 'cpu.busy', max: 99 }, path => rmSync(path(2, 'm2')))
  assert.is(decision.outcome, 'undecided')
  assert.is(decision.reason, 'm2 did not measure it in 1-bs=4k/sample2')
  const none = await ofTools({ metric: 'cpu.busy', max: 99, tool: 'sar' })
  assert.is(none.decision.outcome, 'undecided')
})

thresholds('data that has not arrived decides nothing; who was excluded is not waited for', async () => {
  const { record, readings } = await ofTools({ metric: 'cpu.busy', max: 99 }, path => rmSync(path(1, 'm2')))
  const peer = record.roster[1]?.peer as string
  const sent = [{ peer, name: 'm2', what: '1-bs=4k/sample1', digest: 'a'.repeat(64), bytes: 1, arrived: false }]
  const late = judgeThresholds({ ...record, sent }, readings)[0]
  assert.match(late?.reason ?? '', 'the data of m2 in 1-bs=4k/sample1 has not arrived')
  const excluded = [{ peer, name: 'm2', phase: 'work' as const, code: 'lost' as const, reason: 'gone' }]
  assert.is(judgeThresholds({ ...record, excluded }, readings)[0]?.outcome, 'met')
})

thresholds('of too many series a threshold says nothing', () => {
  const series = Array.from({ length: 1_001 }, (_, i) => ({
    ...{ tool: 'x', metric: 'iops', labels: { n: String(i) }, unit: '', kind: 'gauge' as const },
    ...{ min: 0, max: 0, mean: 0, last: 0, count: 1 }
  }))
  const about = { judge: 'median' as const, stop: false, metric: 'iops', min: 1 }
  assert.throws(() => fittingIn(series, about), /has 1001 series iops, and 1000 are the most/)
  assert.is(fittingIn(series, { ...about, labels: { n: '7' } }).length, 1)
})

thresholds('verification measures again, and finds a decision that is not so', async () => {
  const { folder, record, readings } = await ofTools({ metric: 'cpu.busy', max: 25 })
  const told = judgeThresholds(record, readings)
  const faults = async (change: object) =>
    (await checkThresholds(folder, { ...record, verdict: 'threshold', thresholds: told, ...change })).map(
      ({ what }) => what
    )
  assert.equal(await faults({}), [])
  assert.match((await faults({ verdict: 'ok' })).join(), 'its verdict is ok, and a threshold was not met')
  const met = told.map(each => ({ ...each, outcome: 'met' as const }))
  assert.match((await faults({ thresholds: met })).join(), /not what was measured.*all were met/)
  assert.match((await faults({ thresholds: [] })).join(), 'not what was measured')
  assert.match((await faults({ spec: specOf() })).join(), 'its spec has none')
  const late = told.map(each => ({ ...each, outcome: 'undecided' as const, reason: 'it had not arrived' }))
  assert.equal(await faults({ thresholds: late }), [], 'what came later changes no verdict')
  assert.equal(await faults({ verdict: 'failed', thresholds: undefined }), [])
})

thresholds.run()
