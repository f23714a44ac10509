/** A comparison in words: what is first, what is cut, and what nobody may write raw. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareMetrics } from '../../../cli/compare/compare-metrics.ts'
import { type Comparison, factsOfGroup, sequencesOf, warningsOf } from '../../../cli/compare/comparison.ts'
import { render } from '../../../cli/compare/forms.ts'
import { decide, readCondition } from '../../../cli/compare/gate.ts'
import type { Group, Opened } from '../../../cli/compare/groups.ts'
import { compareGroups } from '../../../cli/compare/statistics/compare-groups.ts'
import { spreadOf } from '../../../protocols/quantiles.ts'
import { around, recordOf } from './records.ts'

const test = suite('a comparison in words')

const group = (label: string, result: Opened): Group => ({
  label,
  selections: result.record.spec.iterations.map((iteration, i) => ({ result, number: i + 1, iteration, named: false }))
})

function comparisonOf(given: Partial<Comparison> = {}, fails: string[] = []): Comparison {
  const values = (iops: number, seed: number) => ({
    default: {
      iops: around(iops, 1, 6, seed),
      'clat.p99': around(5, 30, 6, seed + 9),
      score: around(7, 1, 6, seed + 20)
    }
  })
  const groups = [group('A', recordOf('a', values(1000, 1))), group('B', recordOf('b', values(900, 2), {}, 30))]
  const workload = compareMetrics(groups, { threshold: 0.02, isWanted: () => true, betterOf: () => undefined })
  return {
    ...{ threshold: 0.02, unlike: [], workload, tasks: [], resources: [], speeds: { apart: [], compared: 0 } },
    groups: groups.map(factsOfGroup),
    warnings: warningsOf(groups, workload, []),
    sequences: sequencesOf(groups),
    environment: { differences: [], absent: [] },
    gates: fails.map(text => decide(readCondition(text) as never, workload.metrics, workload.tests, 0.02)),
    ...given
  }
}
const textOf = (given: Partial<Comparison> = {}, fails: string[] = [], all = false) =>
  render(comparisonOf(given, fails), 'text', { all, width: 200 })

test('the first line says what was not alike, the last lines the answer and the conditions', async () => {
  const unlike = [{ aspect: 'roster' as const, text: 'roster: m2 in A only' }]
  const lines = (await textOf({ unlike }, ['iops < -5%', 'p99 > 1%'])).split('\n')
  const [first = '', second = '', , fourth = ''] = lines
  const [answer = '', same = '', open = '', holds = '', unknown = ''] = lines.slice(-5)
  assert.is(first, 'not measured alike: roster: m2 in A only')
  assert.match(second, /^A: 20261122T213015-aaaaaa bench, 2026-11-22 21:30:15 UTC/)
  assert.match(fourth, /^B was measured 1 d 5 h after A: what changed meanwhile/)
  assert.match(answer, /^worse: iops, -\d+\.\d+ % \(-\d+\.?\d* to -\d+\.?\d* %\)$/)
  assert.is(same, 'same within 2 %: score')
  assert.match(open, /^cannot tell: clat\.p99 \(needs .+\)$/)
  assert.is(holds, '--fail-on "iops < -5%" holds: iops')
  assert.match(unknown, /^--fail-on "p99 > 1%" cannot be told: clat\.p99 \(needs .+\)$/)
})

test('what CHANGE is stands below the table that has it', async () => {
  const said = 'CHANGE is the median of all differences between a sample and one of A, in percent of the median of A'
  assert.match(await textOf(), new RegExp(`\\nMETRIC +A +B +CHANGE .*\\n(.+\\n)+${said}\\n`))
  const none = { metrics: [], tests: 0, others: [], absent: [] }
  assert.not.match(await textOf({ workload: none }), /CHANGE/)
})

test('samples that are too few for so many metrics are named, with what helps', async () => {
  const of = (samples: number) => {
    const values = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`m${i}`, around(100, 1, samples, i)]))
    const groups = [group('A', recordOf('a', { default: values })), group('B', recordOf('b', { default: values }))]
    const workload = compareMetrics(groups, { threshold: 0.02, isWanted: () => true, betterOf: () => 'more' })
    return warningsOf(groups, workload, [])
  }
  assert.equal(of(5), [
    '5 samples can tell of 6 comparisons at once, and here are 8: ask for fewer with --metric, or take 6 samples of each'
  ])
  assert.equal(of(6), [])
  // three can tell of none: the verdicts say so
  assert.equal(of(3), [])
})

test('machines that were not fit to measure are named before the numbers, with their run', () => {
  const finding = (level: 'fit' | 'unfit') => ({ fact: 'load', value: '4.20', level })
  const noise = [
    { name: 'm1', findings: [finding('unfit')] },
    { name: 'm2', findings: [finding('fit')] }
  ]
  const groups = [
    group('A', recordOf('a', { default: { iops: around(100, 1, 6, 1) } }, { noise })),
    group('B', recordOf('b', { default: { iops: around(100, 1, 6, 2) } }))
  ]
  const workload = compareMetrics(groups, { threshold: 0.02, isWanted: () => true, betterOf: () => 'more' })
  assert.equal(warningsOf(groups, workload, []), ['A: 20261122T213015-aaaaaa was not fit to measure: load of m1'])
})

test('a resource of which there are too few samples is not among those that surely differ', async () => {
  const difference = (interval?: [number, number]) => ({
    ...compareGroups([1, 2, 3, 4, 5, 6], [11, 12, 13, 14, 15, 16]),
    interval
  })
  const spreads = [[1], [2]].map(spreadOf)
  const about = { member: 'm1', iteration: '', label: 'B', devices: [], effect: 1, spreads: spreads as never }
  const resources: Comparison['resources'] = [
    { ...about, resource: 'cpu', difference: difference([9, 11]) },
    { ...about, resource: 'memory', difference: difference() }
  ]
  const text = await textOf({ resources })
  assert.match(text, /\ncpu +m1 /)
  assert.not.match(text, /\nmemory +m1 /)
  assert.match(text, /1 more resources that differ less or not surely/)
  assert.match(await textOf({ resources }, [], true), /\nmemory +m1 /)
})

test('a metric of which nobody said what is better is named, with the flag that says it', async () => {
  assert.match(await textOf(), /score: nobody said whether more or less is better; --better score=less does/)
})

test('differences of the machines come before the numbers; long values from where they differ', async () => {
  const same = `fpu ${'x'.repeat(60)} `
  const differences = [
    {
      fact: 'cpu.flags',
      values: new Map([
        ['A', [`${same}avx2`]],
        ['B', [`${same}avx512`]]
      ]),
      members: ['m1']
    },
    {
      fact: 'sysctl.vm.swappiness',
      values: new Map([
        ['A', ['60']],
        ['B', []]
      ]),
      members: ['m1', 'm2']
    }
  ]
  const text = await textOf({ environment: { differences, absent: [] } })
  assert.ok(text.indexOf('cpu.flags') < text.indexOf('METRIC'))
  assert.match(text, /cpu\.flags +…x+ avx2 +…x+ avx512 +m1/)
  assert.match(text, /sysctl\.vm\.swappiness +60 +- +m1, m2/)
})

test('more differences than fit are counted, and shown with --all', async () => {
  const differences = Array.from({ length: 40 }, (_, i) => ({
    ...{
      fact: `sysctl.x${i}`,
      values: new Map([
        ['A', ['1']],
        ['B', ['2']]
      ]),
      members: ['m1']
    }
  }))
  const environment = { differences, absent: [] }
  assert.match(await textOf({ environment }), /16 more differences: --all prints them/)
  assert.match(await textOf({ environment }, [], true), /sysctl\.x39 /)
})

test('what others wrote stays in its place: no column, tag, table or control character', async () => {
  const hostile = 'a|b <script> \u001b[31m *x* [l](u)\nnext, "q"'
  const differences = [
    {
      fact: hostile,
      values: new Map([
        ['A', [hostile]],
        ['B', ['2']]
      ]),
      members: [hostile]
    }
  ]
  const given = { environment: { differences, absent: [] } }
  const markdown = await render(comparisonOf(given), 'markdown', { all: true })
  const row = markdown.split('\n').find(line => line.includes('next')) ?? ''
  assert.is(row.match(/(?<!\\)\|/g)?.length, 5)
  assert.not.match(row, /<script|\u001b|(?<!\\)\[l|(?<!\\)\*x/)
  assert.not.match(await textOf(given), /\u001b/)
  const json = JSON.parse(await render(comparisonOf(given), 'json', { all: true }))
  assert.is(json.environment.differences[0].fact, hostile)
})

for (const width of [80, 120]) {
  test(`tables fit ${width} columns, without what is needed least; --all has every column`, async () => {
    const comparison = comparisonOf()
    const shown = (await render(comparison, 'text', { all: false, width })).split('\n')
    for (const line of shown) assert.ok(line.length <= width, `${line.length}: ${line}`)
    const head = shown.find(line => line.startsWith('METRIC')) ?? ''
    assert.match(head, /CHANGE +VERDICT/)
    assert.not.match(head, / P | IQR/)
    // nothing is folded below a row
    assert.not.match(shown.join('\n'), /^ +p: /m)
    const whole = (await render(comparison, 'text', { all: true, width })).toLowerCase()
    for (const each of ['interval', 'needs', 'p', 'iqr', 'cv', 'samples'])
      assert.match(whole, new RegExp(`\\b${each}(:| |$)`, 'm'))
  })
}

test('nothing to compare is said', async () => {
  const workload = { metrics: [], tests: 0, others: [], absent: ['iops: not in B'] }
  const text = await textOf({ workload })
  assert.match(text, /not compared: iops: not in B/)
  assert.match(text, /no metric of the workload is in both groups$/)
})

test.run()
