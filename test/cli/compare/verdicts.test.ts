/** The metrics of groups side by side: verdicts, what could not be compared, conditions of --fail-on, and the machines themselves. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareMetrics, ratioIn } from '../../../cli/compare/compare-metrics.ts'
import { compareResources, type ResourceValue } from '../../../cli/compare/compare-resources.ts'
import { compareEnvironment } from '../../../cli/compare/environment.ts'
import { decide, isMeant, readCondition } from '../../../cli/compare/gate.ts'
import type { Group, Opened } from '../../../cli/compare/groups.ts'
import type { Machines } from '../../../cli/compare/sysinfo-looks.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { around, member, recordOf, type Values } from './records.ts'

const test = suite('verdicts of a comparison')

const group = (label: string, ...opened: Opened[]): Group => ({
  label,
  selections: opened.flatMap(result =>
    result.record.spec.iterations.map((iteration, i) => ({ result, number: i + 1, iteration, named: false }))
  )
})
const groups = (...values: Values[]) =>
  values.map((each, i) => group('ABC'[i] as string, recordOf('abc'[i] as string, each)))
const asked = { threshold: 0.02, isWanted: () => true, betterOf: () => undefined }
const verdicts = (all: Group[], given: Partial<typeof asked> = {}) =>
  compareMetrics(all, { ...asked, ...given }).metrics.flatMap(({ iteration, metric, against }) =>
    against.map(({ label, verdict }) => `${iteration}${iteration && ' '}${metric} ${label}: ${verdict}`)
  )
const bench = (iops: number, p99: number, seed: number, samples = 8) => ({
  iops: around(iops, 1, samples, seed),
  'clat.p99': around(p99, 1, samples, seed + 100)
})

test('more is better of one metric, less of another', () => {
  const all = groups({ default: bench(1000, 5, 1) }, { default: bench(900, 4, 2) })
  assert.equal(verdicts(all), ['iops B: worse', 'clat.p99 B: better'])
})

test('iterations are compared by their names', () => {
  const all = groups(
    { '4k': bench(1000, 5, 1), '1m': bench(100, 50, 2) },
    { '1m': bench(100, 50, 3), '4k': bench(900, 5, 4) }
  )
  assert.equal(verdicts(all), ['4k iops B: worse', '4k clat.p99 B: same', '1m iops B: same', '1m clat.p99 B: same'])
})

test('three groups are two comparisons with the first', () => {
  const all = groups({ default: bench(1000, 5, 1) }, { default: bench(1000, 5, 2) }, { default: bench(1100, 5, 3) })
  assert.equal(verdicts(all), ['iops B: same', 'iops C: better', 'clat.p99 B: same', 'clat.p99 C: same'])
  const { tests, metrics } = compareMetrics(all, asked)
  assert.is(tests, 4)
  // the lowest p of four counts four times
  const [better] = metrics.flatMap(({ against }) => against).filter(({ verdict }) => verdict === 'better')
  assert.is(better?.adjusted, 4 * (better?.p ?? 0))
})

test('without names the main metrics are compared, and what a condition names; how many others there are is told', () => {
  const values = { ...bench(1000, 5, 1), 'main.iops': around(1000, 1, 8, 5) }
  const all = groups({ default: values }, { default: values })
  const named = (settings: Parameters<typeof compareMetrics>[1], of = all) => {
    const { metrics, tests, others } = compareMetrics(of, settings)
    return [metrics.map(({ metric }) => metric), tests, others]
  }
  const { isWanted: _, ...main } = asked
  assert.equal(named(main), [['main.iops'], 1, ['iops', 'clat.p99']])
  assert.equal(named({ ...main, isNamed: name => name === 'iops' }), [['iops', 'main.iops'], 2, ['clat.p99']])
  assert.equal(named(asked), [['iops', 'clat.p99', 'main.iops'], 3, []])
  assert.equal(named({ ...asked, isWanted: name => name === 'clat.p99' }), [['clat.p99'], 1, ['iops', 'main.iops']])
  // one that only one group has says nothing of which are the main ones
  const lone = groups({ default: values }, { default: bench(1000, 5, 1) })
  assert.equal(named(main, lone), [['iops', 'clat.p99'], 2, []])
  assert.equal(compareMetrics(lone, main).absent, ['main.iops in /s: not in B'])
})

test('the samples of several runs of a group are one group', () => {
  const all = [
    group(
      'A',
      recordOf('a', { default: { iops: around(1000, 1, 3, 1) } }),
      recordOf('b', { default: { iops: around(1000, 1, 3, 2) } })
    ),
    group(
      'B',
      recordOf('c', { default: { iops: around(800, 1, 3, 3) } }),
      recordOf('d', { default: { iops: around(800, 1, 3, 4) } })
    )
  ]
  assert.equal(verdicts(all), ['iops B: worse'])
  assert.equal(compareMetrics(all, asked).metrics[0]?.against[0]?.samples, [6, 6])
})

test('three samples of each cannot tell, and say how many would', () => {
  const all = groups({ default: bench(1000, 5, 1, 3) }, { default: bench(500, 9, 2, 3) })
  const { metrics } = compareMetrics(all, asked)
  assert.equal(
    metrics.map(({ against }) => [against[0]?.verdict, against[0]?.needed]),
    [
      ['cannot tell', 5],
      ['cannot tell', 5]
    ]
  )
})

test('failed samples count for nothing', () => {
  const all = groups({ default: { iops: [10, undefined, 11] } }, { default: { iops: [undefined, 12] } })
  assert.equal(compareMetrics(all, asked).metrics[0]?.against[0]?.samples, [2, 1])
})

test('what is in one group only, or in another unit, is named and not compared', () => {
  const other = recordOf('b', { default: { iops: [1, 2], score: [3] } })
  for (const entry of other.record.workload)
    for (const metric of entry.metrics ?? []) if (metric.name === 'iops') metric.unit = 'kop/s'
  const all = [group('A', recordOf('a', { default: { iops: [1, 2], 'clat.p99': [1] } })), group('B', other)]
  const { metrics, absent } = compareMetrics(all, asked)
  assert.equal(metrics, [])
  assert.equal(absent, [
    'iops in /s: not in B',
    'clat.p99 in ms: not in B',
    'iops in kop/s: not in A',
    'score: not in A'
  ])
})

test('a metric without a direction is higher or lower, unless the caller gives it one', () => {
  const all = groups({ default: { score: around(10, 1, 6, 1) } }, { default: { score: around(20, 1, 6, 2) } })
  assert.equal(verdicts(all), ['score B: higher'])
  assert.equal(verdicts(all, { betterOf: (() => 'less') as never }), ['score B: worse'])
})

test('only metrics that are asked for are corrected together', () => {
  const all = groups({ default: bench(1000, 5, 1) }, { default: bench(900, 4, 2) })
  const isWanted = ((metric: string) => isMeant('p99', metric)) as never
  assert.equal(verdicts(all, { isWanted }), ['clat.p99 B: better'])
  assert.is(compareMetrics(all, { ...asked, isWanted }).tests, 1)
})

test('the ratio of the medians has an interval', () => {
  const { metrics } = compareMetrics(groups({ default: bench(1000, 5, 1) }, { default: bench(1500, 5, 2) }), asked)
  const { ratio, interval } = ratioIn(metrics[0] as (typeof metrics)[0], 'B')
  assert.ok((ratio as number) > 1.45 && (ratio as number) < 1.55)
  assert.ok((interval?.[0] as number) < 1.5 && (interval?.[1] as number) > 1.49)
})

for (const [text, expected] of [
  ['p99 > 5%', { metric: 'p99', how: '>', share: 0.05 }],
  ['iops<-2.5 %', { metric: 'iops', how: '<', share: 0.025 }],
  ['fio.read.* > 0%', { metric: 'fio.read.*', how: '>', share: 0 }],
  ['> 5%', { how: '>', share: 0.05 }],
  ['worse', { how: 'worse' }],
  ['p99 worse', { metric: 'p99', how: 'worse' }],
  ['p99 worse than 10%', { metric: 'p99', how: 'worse', share: 0.1 }]
] as const) {
  test(`condition: ${text}`, () => assert.equal(readCondition(text), { text, ...expected }))
}

for (const text of [
  '',
  'p99',
  'p99 > 5',
  'p99 > -5%',
  'p99 < 5%',
  'p99 = 5%',
  'p99 > x%',
  'p99 > 1.2.3%',
  'a b > 5%',
  'p99 better'
]) {
  test(`no condition: "${text}"`, () => assert.is(readCondition(text), undefined))
}

test('a condition means a metric by its name, its last parts, or a pattern', () => {
  const metric = 'fio.read.clat.p99'
  for (const wanted of ['fio.read.clat.p99', 'p99', 'clat.p99', 'fio.*', '*p99'])
    assert.ok(isMeant(wanted, metric), wanted)
  for (const wanted of ['99', 'p9', 'p99.9', 'read', 'fio']) assert.not.ok(isMeant(wanted, metric), wanted)
})

const gate = (text: string, a: number[], b: number[], metric = 'clat.p99') => {
  const { metrics, tests } = compareMetrics(groups({ default: { [metric]: a } }, { default: { [metric]: b } }), asked)
  const { failed, undecided } = decide(
    readCondition(text) as NonNullable<ReturnType<typeof readCondition>>,
    metrics,
    tests,
    0.02
  )
  return failed.length > 0 ? 'holds' : undecided.length > 0 ? 'cannot tell' : 'does not hold'
}
const at = (middle: number, seed: number, samples = 8) => around(middle, 1, samples, seed)
for (const [text, a, b, expected] of [
  ['p99 > 5%', at(100, 1), at(110, 2), 'holds'],
  ['p99 > 5%', at(100, 1), at(103, 2), 'does not hold'],
  ['p99 > 5%', at(100, 1), at(80, 2), 'does not hold'],
  ['p99 > 5%', at(100, 1, 3), at(200, 2, 3), 'cannot tell'],
  ['p99 > 5%', around(100, 20, 5, 1), around(104, 20, 5, 2), 'cannot tell'],
  // it is not known whether it differs, and known that it did not rise by so much
  ['p99 > 50%', around(100, 20, 5, 1), around(104, 20, 5, 2), 'does not hold'],
  ['p99 < -5%', at(100, 1), at(80, 2), 'holds'],
  ['p99 < -5%', at(100, 1), at(110, 2), 'does not hold'],
  ['worse', at(100, 1), at(110, 2), 'holds'],
  ['p99 worse than 20%', at(100, 1), at(110, 2), 'does not hold'],
  ['worse', at(100, 1), at(90, 2), 'does not hold']
] as const) {
  test(`"${text}" from ${a[0]?.toFixed(0)} to ${b[0]?.toFixed(0)}, ${a.length} samples: ${expected}`, () =>
    assert.is(gate(text, [...a], [...b]), expected))
}

test('worse says nothing of a metric without a direction, a rise does', () => {
  assert.is(gate('worse', at(100, 1), at(110, 2), 'score'), 'does not hold')
  assert.is(gate('score > 5%', at(100, 1), at(110, 2), 'score'), 'holds')
})

test('resources come by their effect, and have no verdict', () => {
  const values = (label: string, member: string, resource: ResourceValue['resource'], ...of: number[]) =>
    of.map((value): ResourceValue => ({ label, iteration: '', member, resource, value }))
  const found = compareResources(
    [
      ...values('A', 'm1', 'cpu', 50, 51, 49),
      ...values('B', 'm1', 'cpu', 51, 50, 52),
      ...values('A', 'm1', 'disk', 1, 1.1, 0.9),
      ...values('B', 'm1', 'disk', 60, 70, 65),
      ...values('A', 'm2', 'cpu', 50, 51),
      ...values('B', 'm3', 'cpu', 50, 51)
    ],
    'A'
  )
  assert.equal(
    found.map(({ member, resource, difference }) => `${member} ${resource} ${difference.shift}`),
    ['m1 disk 64', 'm1 cpu 1']
  )
})

const facts = (...pairs: Array<[string, string]>) => new Map(pairs)
const machinesOf = (members: Record<string, Array<[string, string]>>): Machines =>
  new Map(Object.entries(members).map(([name, pairs]) => [name, facts(...pairs)]))
const environment = (a: Machines, b: Machines, given: Partial<RunRecord> = {}, ends: Machines[] = []) => {
  const [endA = new Map(), endB = new Map()] = ends
  const [one, other] = [recordOf('a', { default: { iops: [1] } }), recordOf('b', { default: { iops: [1] } }, given)]
  const { differences, absent } = compareEnvironment(
    [group('A', one), group('B', other)],
    new Map([
      [one.run, { begin: a, end: endA }],
      [other.run, { begin: b, end: endB }]
    ])
  )
  const shown = differences.map(({ fact, values, members }) => {
    const sides = ['A', 'B'].map(label => values.get(label)?.join(',') || '-')
    return `${fact}: ${sides.join(' | ')} on ${members.join('+') || 'the run'}`
  })
  return [...shown, ...absent]
}

test('what differs on several machines is one difference, the processor first', () => {
  const before = (own: string): Array<[string, string]> => [
    ['kernel.uname.release', '6.12'],
    ['sysctl.vm.swappiness', '60'],
    ['cpu.microcode', '0x1'],
    ['disks.vda.scheduler', own],
    ['os.release', 'x']
  ]
  const now = (own: string): Array<[string, string]> => [
    ['kernel.uname.release', '6.18'],
    ['sysctl.vm.swappiness', '10'],
    ['cpu.microcode', '0x2'],
    ['disks.vda.scheduler', own],
    ['os.release', 'x']
  ]
  assert.equal(
    environment(machinesOf({ m1: before('a'), m2: before('b') }), machinesOf({ m1: now('a'), m2: now('c') })),
    [
      'cpu.microcode: 0x1 | 0x2 on m1+m2',
      'kernel.uname.release: 6.12 | 6.18 on m1+m2',
      'sysctl.vm.swappiness: 60 | 10 on m1+m2',
      'disks.vda.scheduler: b | c on m2'
    ]
  )
})

test('an item that one run did not take is no difference, a fact that is gone is one', () => {
  const a = machinesOf({
    m1: [
      ['packages.fio', '3.33'],
      ['cpu.model', 'x'],
      ['cpu.turbo', 'on']
    ]
  })
  const b = machinesOf({ m1: [['cpu.model', 'x']] })
  assert.equal(environment(a, b), ['cpu.turbo: on | - on m1'])
})

test('a number that is another at the end of each run, or only rises, is no difference; one that a single run lowered is a setting', () => {
  const look = (walked: string, swappiness: string, governor: string) =>
    machinesOf({
      m1: [
        ['modules.modules.page_reporting.parameters.walked', walked],
        ['sysctl.vm.swappiness', swappiness],
        ['cpu.governor', governor]
      ]
    })
  const [a, b] = [look('7', '60', 'powersave'), look('40', '10', 'performance')]
  const settings = ['cpu.governor: powersave | performance on m1', 'sysctl.vm.swappiness: 60 | 10 on m1']
  const ends = [look('9', '10', 'performance'), look('55', '10', 'powersave')]
  assert.equal(environment(a, b, {}, ends), settings)
  const counter = 'modules.modules.page_reporting.parameters.walked: 7 | 40 on m1'
  assert.equal(environment(a, b), [...settings, counter])
  // it rests while a machine is idle
  assert.equal(environment(a, b, {}, [ends[0] as Machines, look('40', '10', 'x')]), settings)
  assert.equal(environment(a, b, {}, [look('7', '60', 'x'), look('40', '10', 'x')]), [...settings, counter])
  assert.equal(environment(a, b, {}, [look('7', '60', 'x'), look('3', '10', 'x')]), [...settings, counter])
})

test('what an item lacks that was cut off is no difference; what it has is compared', () => {
  const a = machinesOf({
    m1: [
      ['modules.a', '1'],
      ['modules.b', '1']
    ]
  })
  const b = machinesOf({ m1: [['modules.a', '2']] })
  const cut = { kind: 'sysinfo' as const, member: 'm1', what: 'modules.json', reason: 'without 7 of 9 modules' }
  assert.equal(environment(a, b, { shortfalls: [cut] }), ['modules.a: 1 | 2 on m1'])
  assert.equal(environment(a, b), ['modules.a: 1 | 2 on m1', 'modules.b: 1 | - on m1'])
})

test('a machine of which one run has nothing is named; other machines are compared as a whole', () => {
  const a = machinesOf({ m1: [['cpu.model', 'x']], m2: [['cpu.model', 'x']] })
  assert.equal(environment(a, machinesOf({ m1: [['cpu.model', 'y']] })), [
    'cpu.model: x | y on m1',
    'no sysinfo of m2 in B'
  ])
  assert.equal(environment(a, machinesOf({ m9: [['cpu.model', 'y']] })).slice(0, 1), ['cpu.model: x | y on the run'])
  assert.equal(environment(new Map(), new Map()), ['no sysinfo in any of them'])
})

test('tools, interval and version of bak are of the environment, too', () => {
  const given = { program: '0.2.0', roster: [member('m1', 0), { ...member('m2', 1), tools: [] }] }
  const a = machinesOf({ m1: [['cpu.model', 'x']] })
  assert.equal(environment(a, a, given), ['run.bak: 0 | 0.2.0 on the run'])
  assert.equal(environment(a, a, { roster: [{ ...member('m1', 0), tools: [] }] }), [
    'run.tools: proc | none on the run'
  ])
})

test.run()
