/** Which disk was busiest, whether the processors were saturated, and the line of each member. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { answersOf } from '../../../cli/result/answers.ts'
import type { Measured } from '../../../cli/result/measure.ts'
import { memberLines } from '../../../cli/result/member-lines.ts'
import { numberOf } from '../../../cli/result/points.ts'
import { type ResourceName, resources } from '../../../cli/result/resources.ts'

const test = suite('answers')

/** Points a second apart, of one sample. */
function of(resource: ResourceName, member: string, values: number[], more: Partial<Measured> = {}): Measured {
  const v = Float64Array.from(values)
  return {
    ...{ resource, member, step: { number: 1, name: '4k', sample: 1 }, tool: 'proc' },
    ...{ t: v.map((_, i) => i * 1000), v, value: numberOf(resources[resource], v) },
    ...(resources[resource].from.some(each => 'device' in each) ? { device: 'sda' } : {}),
    ...more
  }
}
const big = { number: 2, name: '1m', sample: 1 }
const cores = new Map([
  ['a', 2],
  ['b', 1]
])
const disk = (...all: Measured[]) => answersOf(all, cores).disk
const cpu = (...all: Measured[]) => answersOf(all, cores).cpu

test('the busiest disk is named with its member and what it did', () => {
  const all = [
    of('disk', 'a', [10, 20]),
    of('disk', 'b', [90, 96], { device: 'nvme0n1' }),
    of('diskBytes', 'b', [4e6, 6e6]),
    of('diskRequests', 'b', [1200, 1200]),
    of('readWait', 'b', [0, 0]),
    of('writeWait', 'b', [3, 5])
  ]
  assert.is(disk(...all), 'nvme0n1 of b, busy 93 % of the time (4.77 MiB/s, 1.20 k requests/s, 4 ms a write)')
})

test('how long requests took is a mean of requests, not of intervals', () => {
  const waits = { w: Float64Array.of(9, 1) }
  const all = [of('disk', 'a', [90, 90]), of('writeWait', 'a', [1, 101], waits)]
  assert.is(disk(...all), 'sda of a, busy 90 % of the time (11 ms a write)')
})

test('where there are several iterations it is said in which', () => {
  assert.is(
    disk(of('disk', 'a', [10, 20]), of('disk', 'a', [60], { step: big }), of('disk', 'b', [50], { step: big })),
    'sda of a, busy 60 % of the time in 2-1m'
  )
})

test('samples of an iteration are taken together, by their points', () => {
  const second = { step: { number: 1, name: '4k', sample: 2 } }
  assert.match(
    disk(of('disk', 'a', [0]), of('disk', 'a', [90, 90], second), of('disk', 'b', [50])),
    /^sda of a, busy 60 %/
  )
})

test('a disk that nobody used is none, and what was not measured is not known', () => {
  assert.is(disk(of('disk', 'a', [0.2, 0.2])), 'none was used: sda of a was busiest, 0.2 % of the time')
  assert.is(disk(of('cpu', 'a', [1], { tool: 'mpstat' })), 'not known: no tool measured disks; proc, iostat and sar do')
  assert.is(
    cpu(of('disk', 'a', [1], { tool: 'iostat' })),
    'not known: no tool measured processors; proc, mpstat and sar do'
  )
})

test('of a run of some ms it is said that the time was too short for a tool that was there', () => {
  const t = Float64Array.of(5, 48)
  const brief = of('disk', 'a', [0, 0], { t })
  assert.is(cpu(brief), 'not known: the time was too short for proc to measure processors')
  assert.match(cpu(brief, of('disk', 'b', [1, 2, 3])), /^not known: no tool measured processors/)
})

const processors: Array<[title: string, all: Measured[], text: string]> = [
  [
    'processors that are not busy are not saturated',
    [of('cpu', 'a', [30, 40]), of('cpu', 'b', [10])],
    'not saturated: a was busiest, 35 % of 2 processors'
  ],
  ['one processor is one', [of('cpu', 'b', [10])], 'not saturated: b was busiest, 10 % of 1 processor'],
  [
    'those that are at 95 % for half of the time are saturated',
    [of('cpu', 'a', [99, 97, 20]), of('cpu', 'b', [100]), of('cpu', 'c', [94, 94])],
    'saturated on a, b (72 % to 100 % busy)'
  ],
  ['those that are for less are at times', [of('cpu', 'a', [99, 20, 20, 20])], 'saturated at times on a (40 % busy)'],
  [
    'with several iterations it is said in which',
    [of('cpu', 'a', [99]), of('cpu', 'a', [5], { step: big })],
    'saturated on a in 1-4k (99 % busy)'
  ],
  [
    'and nothing of them if it is all of them',
    [
      of('cpu', 'a', [99]),
      of('cpu', 'b', [97]),
      of('cpu', 'a', [100], { step: big }),
      of('cpu', 'b', [100], { step: big })
    ],
    'saturated on a, b (97 % to 100 % busy)'
  ],
  [
    'iterations in which other members were saturated are told apart',
    [
      of('cpu', 'a', [99]),
      of('cpu', 'b', [1]),
      of('cpu', 'a', [1], { step: big }),
      of('cpu', 'b', [100], { step: big })
    ],
    'saturated on a in 1-4k (99 % busy), on b in 2-1m (100 % busy)'
  ],
  [
    'what the hypervisor took is told',
    [of('cpu', 'a', [30, 40]), of('steal', 'a', [10, 20])],
    'not saturated: a was busiest, 35 % of 2 processors; the hypervisor took 15 % on a'
  ],
  [
    'one processor that is saturated alone is named',
    [of('cpu', 'a', [52, 54]), of('processor', 'a', [99, 100])],
    'not saturated: a was busiest, 53 % of 2 processors; one processor of a was, 100 %'
  ]
]
for (const [title, all, text] of processors) test(title, () => assert.is(cpu(...all), text))

const lines = (width: number, ...all: Measured[]) => memberLines(all, width).split('\n')

test('a member has a line with a sparkline and a number for each resource', () => {
  const all = [
    of('cpu', 'a', [0, 100, 100, 0]),
    of('queue', 'a', [0, 4, 8, 2]),
    of(
      'memory',
      'a',
      [1, 1, 1, 1].map(each => each * 2 ** 30)
    ),
    of('disk', 'a', [100, 100, 0, 0]),
    of('network', 'a', [0, 0, 0, 2 ** 20])
  ]
  assert.equal(lines(64, ...all), [
    'MEMBER  CPU        QUEUE   MEMORY      DISK sda   NETWORK',
    'a       ▁██▁ 50 %  ▁▅█▃ 8  ████ 1 GiB  ██▁▁ 50 %  ▁▁▁█ 256 KiB/s'
  ])
})

test('members are drawn on one scale, and numbers end in one column', () => {
  const all = [of('network', 'a', [2 ** 20, 2 ** 20]), of('network', 'bb', [2 ** 10, 2 ** 10])]
  const [, a, b] = lines(40, ...all)
  assert.match(a as string, /█{4,} 1 MiB\/s$/)
  assert.match(b as string, /▁{4,} 1 KiB\/s$/)
  assert.is(a?.length, b?.length)
})

test('where members have different disks each is named behind its number', () => {
  const all = [of('disk', 'a', [50]), of('disk', 'b', [5], { device: 'nvme0n1' })]
  assert.match(lines(80, ...all)[1] as string, /▅ {2}50 % sda/)
  assert.match(lines(80, ...all)[2] as string, /▁ 5\.0 % nvme0n1/)
})

test('without room there are numbers only', () => {
  const all = (['cpu', 'queue', 'memory', 'disk', 'network'] as const).map(name => of(name, 'a-long-name', [50]))
  for (const line of lines(56, ...all)) assert.not.match(line, /[▁-█]/)
  for (const width of [80, 100, 120, 200]) for (const line of lines(width, ...all)) assert.ok(line.length <= width)
})

test('of many members the busiest are shown, and the others are counted', () => {
  const all = Array.from({ length: 50 }, (_, i) => of('cpu', `m${i}`, [i]))
  const found = lines(80, ...all)
  assert.is(found.length, 42)
  assert.match(found[1] as string, /^m49 /)
  assert.is(found.at(-1), '10 more members, whose processors were less busy: bak metrics has all')
})

test('nothing is nothing', () => assert.is(memberLines([of('interrupts', 'a', [1])], 80), ''))

test.run()
