/** The groups of a comparison, and what of them was not measured alike. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ASPECTS, type Aspect, refuseUnlike, unlikeIn } from '../../../cli/compare/alike.ts'
import { type Group, keysOf, type Opened, placeOf, readGroups } from '../../../cli/compare/groups.ts'
import { sequenceOf } from '../../../cli/compare/sequence.ts'
import { compareSpeeds } from '../../../cli/compare/speed.ts'
import { BakError } from '../../../protocols/errors.ts'
import type { RunRecord } from '../../../protocols/record.ts'
import { specOf } from '../../protocols/samples.ts'
import { idOf, member, recordOf } from './records.ts'

const test = suite('groups of a comparison')

const one = { default: { iops: [1, 2] } }
const two = { '4k': { iops: [1] }, '1m': { iops: [2] } }
const odd = { 'bs=4k,depth=1': { iops: [1] }, 'bs=4k': { iops: [2] } }
const results: Record<string, Opened> = {
  a: recordOf('a', one),
  b: recordOf('b', one),
  c: recordOf('c', two),
  d: recordOf('d', two),
  e: recordOf('e', odd),
  '/tmp/x:y,z': recordOf('f', one)
}
const open = async (reference: string) => {
  const found = results[reference]
  if (found == null) throw new BakError('no-such-run', `no id contains "${reference}"`)
  return found
}
const read = (...words: string[]) => readGroups(words, open, word => word.startsWith('/'))
const shown = (groups: Group[]) =>
  groups
    .map(({ label, selections }) => `${label}=${selections.map(each => placeOf(each).slice(16)).join('+')}`)
    .join(' ')

for (const [words, expected] of [
  [['a', 'b'], 'A=aaaaaa:default B=bbbbbb:default'],
  [['a,b', 'c:4k'], 'A=aaaaaa:default+bbbbbb:default B=cccccc:4k'],
  [['c'], 'A=cccccc:4k B=cccccc:1m'],
  [['c:4k', 'c:1m', 'd:1'], 'A=cccccc:4k B=cccccc:1m C=dddddd:4k'],
  [['c', 'd'], 'A=cccccc:4k+cccccc:1m B=dddddd:4k+dddddd:1m'],
  [['c:2-1m,d:1m', 'a'], 'A=cccccc:1m+dddddd:1m B=aaaaaa:default'],
  [['e:bs=4k,depth=1', 'e:bs=4k'], 'A=eeeeee:bs=4k,depth=1 B=eeeeee:bs=4k'],
  [['e:bs=4k,depth=1,a', 'e:bs=4k,b'], 'A=eeeeee:bs=4k,depth=1+aaaaaa:default B=eeeeee:bs=4k+bbbbbb:default'],
  [['/tmp/x:y,z', 'a'], 'A=ffffff:default B=aaaaaa:default']
] as const) {
  test(`words: ${words.join(' ')}`, async () => assert.is(shown(await read(...words)), expected))
}

for (const [words, expected] of [
  [['a'], /one group is nothing to compare/],
  [['a', 'a'], /aaaaaa:default is named twice/],
  [['c', 'c:1m'], /cccccc:1m is named twice/],
  [['a', 'c:8k'], /cccccc has no iteration 8k: it has 4k, 1m/],
  [['a', 'c:'], /has no iteration/],
  [['a', ',b'], /a run is missing/],
  [['a,', 'b'], /a run is missing/],
  [['a', 'nope'], /no id contains "nope"/]
] as const) {
  test(`refused: ${words.join(' ')}`, async () => {
    const error = await read(...words).then(
      () => undefined,
      error => error
    )
    assert.instance(error, BakError)
    assert.match(error.message, expected)
  })
}

test('iterations stand beside each other by their names, unless each group has one', async () => {
  const keysIn = async (...words: string[]) => {
    const groups = await read(...words)
    return groups.flatMap(({ selections }) => selections.map(keysOf(groups)))
  }
  assert.equal(await keysIn('c', 'd'), ['4k', '1m', '4k', '1m'])
  assert.equal(await keysIn('c:4k', 'd:1m'), ['', ''])
  assert.equal(await keysIn('a', 'c:1m'), ['', ''])
  assert.equal(await keysIn('c:4k,c:1m', 'd:1m'), ['', '', ''])
})

const group = (label: string, ...opened: Opened[]): Group => ({
  label,
  selections: opened.flatMap(result =>
    result.record.spec.iterations.map((iteration, i) => ({ result, number: i + 1, iteration, named: false }))
  )
})
const unlike = (given: Partial<RunRecord>, base: Partial<RunRecord> = {}) =>
  unlikeIn([group('A', recordOf('a', one, base)), group('B', recordOf('b', one, given))]).map(({ text }) => text)

const client = { name: 'load', command: ['fio', 'job.fio'] }
const params = (bs: string) => specOf({ command: ['./bench'], iterations: [{ name: 'default', params: { bs } }] })
const staged = (digest: string) => ({
  contents: [{ path: 'bench', digest: digest.repeat(64), bytes: 1 }],
  members: []
})

for (const [what, base, given, expected] of [
  ['the same', {}, {}, []],
  [
    'another name, tags and number of samples',
    {},
    { name: 'x', spec: specOf({ command: ['./bench'], samples: 9, tags: { kernel: '6.18' } }) },
    []
  ],
  ['a member less', {}, { roster: [member('m1', 0)] }, ['roster: m2 in A only']],
  ['a member more', {}, { roster: [...recordOf('a', one).record.roster, member('m3', 2)] }, ['roster: m3 in B only']],
  [
    'another peer of the same name',
    {},
    { roster: [member('m1', 0), { ...member('m2', 1), peer: member('m9', 1).peer }] },
    ['roster: m2 is one peer in A and another in B']
  ],
  [
    'other places of a workload',
    { roster: [{ ...member('m1', 0), workloads: [{ name: 'load', instances: 1, rank: 0 }] }] },
    { roster: [{ ...member('m1', 0), workloads: [{ name: 'load', instances: 2, rank: 0 }] }] },
    ['roster: m1 runs load in A and load x2 in B']
  ],
  [
    'a command of another machine',
    {},
    { controller: { peer: member('m9', 0).peer, name: 'm9' } },
    ['roster: the command runs on here in A and on m9 in B']
  ],
  [
    'another command',
    {},
    { spec: specOf({ command: ['./bench', '-x'] }) },
    ['workload: ./bench in A, ./bench -x in B']
  ],
  [
    'a workload and a command',
    {},
    { spec: specOf({ command: undefined, workload: [client] }) },
    ['workload: ./bench in A, no command in B', 'workload: none in A, client load: fio job.fio in B']
  ],
  [
    'other settings of a workload',
    { spec: specOf({ command: undefined, workload: [client] }) },
    { spec: specOf({ command: undefined, workload: [{ ...client, env: { X: '1' } }] }) },
    ['workload: other settings of load']
  ],
  ['other contents', { staged: staged('a') }, { staged: staged('b') }, ['workload: other contents of bench']],
  [
    'other parameters',
    { spec: params('4k') },
    { spec: params('1m') },
    ['parameters of default: bs=4k in A, bs=1m in B']
  ],
  [
    'partial on one side',
    {},
    {
      partial: true,
      excluded: [{ peer: member('m2', 1).peer, name: 'm2', phase: 'stop', code: 'lost', reason: 'gone' }]
    },
    ['partial: B lacks m2 (stop: lost)']
  ],
  ['partial on both sides', { partial: true }, { partial: true }, []]
] as Array<[string, Partial<RunRecord>, Partial<RunRecord>, string[]]>) {
  test(`alike or not, ${what}: ${expected.join(', ') || 'alike'}`, () => assert.equal(unlike(given, base), expected))
}

test('parameters of iterations that were named may differ', () => {
  const named = (label: string, opened: Opened, number: number): Group => ({
    label,
    selections: [{ ...(group(label, opened).selections[number - 1] as Group['selections'][number]), named: true }]
  })
  const spec = specOf({
    command: ['./bench'],
    iterations: [
      { name: '4k', params: { bs: '4k' } },
      { name: '1m', params: { bs: '1m' } }
    ]
  })
  const opened = recordOf('c', two, { spec })
  assert.equal(unlikeIn([named('A', opened, 1), named('B', opened, 2)]), [])
})

test('a run within a group that is not like the others is named with its group', () => {
  const found = unlikeIn([
    group('A', recordOf('a', one), recordOf('c', one, { roster: [member('m1', 0)] })),
    group('B', recordOf('b', one))
  ])
  assert.equal(found, [{ aspect: 'roster', text: `roster: m2 in A (${idOf('a')}) only` }])
})

test('what is not alike is refused, unless all of it was allowed', () => {
  const found = ASPECTS.map(aspect => ({ aspect, text: `${aspect}: x` }))
  const refusal = (despite: Aspect[]) => {
    try {
      refuseUnlike(found, despite)
      return ''
    } catch (error) {
      return (error as BakError).message
    }
  }
  assert.match(refusal([]), /roster: x\nworkload: x\n.*\n.*\n--despite roster,workload,parameters,partial/)
  assert.match(refusal(['roster', 'workload', 'partial']), /alike:\nparameters: x\n--despite parameters compares/)
  assert.is(refusal([...ASPECTS]), '')
})

test('in which order the groups were measured', () => {
  const a = group('A', recordOf('a', one))
  assert.is(sequenceOf(a, group('B', recordOf('b', one, {}, 0.5))), 'B was measured 20 min 0 s after A')
  assert.match(
    sequenceOf(a, group('B', recordOf('b', one, {}, 26))),
    /^B was measured 1 d 1 h after A: what changed meanwhile/
  )
  assert.match(
    sequenceOf(group('A', recordOf('a', one, {}, 5)), group('B', recordOf('b', one))),
    /^A was measured .* after B/
  )
  const inTurn = [
    group('A', recordOf('a', one), recordOf('c', one, {}, 2)),
    group('B', recordOf('b', one, {}, 1))
  ] as const
  assert.is(sequenceOf(...inTurn), 'runs of A and B in turn')
  assert.match(sequenceOf(a, group('B', recordOf('b', one, {}, 0.1))), /^A and B were measured at the same time/)
  const within = (order: string) => {
    const spec = specOf({ command: ['./bench'], order, iterations: [{ name: '4k' }, { name: '1m' }] })
    const { selections } = group('x', recordOf('c', two, { spec }))
    return selections.map((each, i) => ({ label: 'AB'[i] as string, selections: [each] })) as [Group, Group]
  }
  assert.match(sequenceOf(...within('sample')), /in a row.*--interleave/)
  assert.is(sequenceOf(...within('interleave')), 'samples of A and B in turn, in one run')
})

test('what the gauge says of the machines', () => {
  const reading = (integer: number) => ({ integer, memory: 10, disk: 1, held: 0 })
  const gauges = (integer: number) => [
    { step: { number: 1, name: 'default', sample: 1 }, members: [{ name: 'm1', model: 'x', before: reading(integer) }] }
  ]
  const of = (label: string, integer?: number) =>
    group(label, recordOf(label, one, integer == null ? {} : { gauges: gauges(integer) }))
  assert.equal(compareSpeeds([of('A', 5), of('B', 5.2)]), { apart: [], compared: 3 })
  assert.equal(compareSpeeds([of('A', 5), of('B', 10)]).apart, [
    'm1 itself was 2.0 x as slow in B as in A (arithmetic)'
  ])
  assert.equal(compareSpeeds([of('A', 10), of('B', 5)]).apart, [
    'm1 itself was 2.0 x as slow in A as in B (arithmetic)'
  ])
  assert.equal(compareSpeeds([of('A', 5), of('B')]), { apart: [], compared: 0 })
})

test.run()
