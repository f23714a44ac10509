/** The statistics of a comparison: vectors of which every assignment was counted, properties, and how often chance is called a difference. */
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bootstrap, ratioOf } from '../../../cli/compare/statistics/bootstrap.ts'
import { compareGroups } from '../../../cli/compare/statistics/compare-groups.ts'
import { holm } from '../../../cli/compare/statistics/holm.ts'
import { judge, type Verdict } from '../../../cli/compare/statistics/judge.ts'
import { mannWhitney } from '../../../cli/compare/statistics/mann-whitney.ts'
import { leastSamples, MAX_NEEDED, neededSamples } from '../../../cli/compare/statistics/needed-samples.ts'
import { drawsOf, isCountable } from '../../../cli/compare/statistics/rank-sums.ts'
import { shiftOf } from '../../../cli/compare/statistics/shift.ts'
import { inRandomOrder } from '../../../protocols/matrix/random-order.ts'
import type { Better } from '../../../protocols/metric.ts'
import { randomFrom } from '../../../protocols/random.ts'

const test = suite('the statistics of a comparison')

interface Vector {
  name: string
  a: number[]
  b: number[]
  median_a: number
  median_b: number
  U_a: number
  p_two_sided_exact: number
  hodges_lehmann_b_minus_a: number
  ci95: [number | null, number | null]
}
const { cases } = JSON.parse(readFileSync('test/golden/compare.json', 'utf8')) as { cases: Vector[] }

const isClose = (actual: number | undefined, expected: number, what: string, within = 1e-9) =>
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) <= within, `${what}: ${actual} is not ${expected}`)

for (const vector of cases) {
  test(`golden: ${vector.name}`, () => {
    const { a, b, ci95 } = vector
    const { medians, shift, interval, p, exact } = compareGroups(a, b)
    isClose(medians[0], vector.median_a, 'median of a')
    isClose(medians[1], vector.median_b, 'median of b')
    assert.is(mannWhitney(a, b).u, vector.U_a)
    assert.ok(exact)
    isClose(p, vector.p_two_sided_exact, 'p')
    isClose(shift, vector.hodges_lehmann_b_minus_a, 'shift')
    if (ci95[0] == null) assert.is(interval, undefined)
    else {
      isClose(interval?.[0], ci95[0], 'from')
      isClose(interval?.[1], ci95[1] as number, 'to')
    }
  })
}

const values = (min = 1, max = 7) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max })

test('p is that of an enumeration of all assignments, ties included', () => {
  fc.assert(
    fc.property(values(1, 6), values(1, 6), (a, b) => isClose(mannWhitney(a, b).p, enumerated(a, b), 'p')),
    { numRuns: 200 }
  )
})

/** By the definition: each way to take `a.length` of all values is an assignment, U of each is counted by pairs. */
function enumerated(a: number[], b: number[]): number {
  const all = [...a, ...b]
  const distanceOf = (some: number[], others: number[]) => {
    const above = some.flatMap(x => others.map<number>(y => (x > y ? 1 : x === y ? 0.5 : 0)))
    return Math.abs(above.reduce((sum, each) => sum + each, 0) - above.length / 2)
  }
  const observed = distanceOf(a, b)
  let [count, far] = [0, 0]
  for (let bits = 0; bits < 2 ** all.length; bits++) {
    const drawn = all.filter((_, i) => bits & (2 ** i))
    if (drawn.length !== a.length) continue
    count++
    const rest = all.filter((_, i) => !(bits & (2 ** i)))
    if (distanceOf(drawn, rest) >= observed - 1e-9) far++
  }
  return far / count
}

test('p does not depend on the order of groups or values', () => {
  fc.assert(
    fc.property(values(), values(), (a, b) => {
      const { p, u } = mannWhitney(a, b)
      const other = mannWhitney(b.toReversed(), a)
      isClose(other.p, p, 'p')
      isClose(other.u + u, a.length * b.length, 'U of both')
    })
  )
})

test('twelve and twelve are counted, and more are approximated', () => {
  assert.is(drawsOf(12, 12), 2_704_156)
  assert.ok(isCountable(12, 12))
  assert.not.ok(isCountable(12, 13))
  assert.ok(mannWhitney(normals(12, 100, 5, 1), normals(12, 100, 5, 2)).exact)
  assert.not.ok(mannWhitney(normals(12, 100, 5, 1), normals(13, 100, 5, 2)).exact)
})

test('an approximated p is that of assignments drawn by chance', () => {
  for (const step of [0.001, 3]) {
    const coarse = (value: number) => Math.round(value / step) * step
    const [a, other] = [normals(13, 100, 5, 1).map(coarse), normals(14, 103, 5, 2).map(coarse)]
    const { p, u, exact } = mannWhitney(a, other)
    assert.not.ok(exact)
    const middle = (a.length * other.length) / 2
    const drawn = Array.from({ length: 4000 }, (_, i) => {
      const mixed = inRandomOrder([...a, ...other], i)
      const random = mannWhitney(mixed.slice(0, a.length), mixed.slice(a.length))
      return Math.abs(random.u - middle) >= Math.abs(u - middle)
    }).filter(each => each).length
    // three deviations of 4,000 draws, and what the approximation is off
    isClose(p, drawn / 4000, 'p', 0.03)
  }
})

test('the approximation is that of the field, with ties and continuity corrected', () => {
  // 15 pairs of ties: variance 400 / 12 * (41 - 90 / 1560), z = (87.5 - 0.5) / 36.94 = 2.355
  const a = Array.from({ length: 20 }, (_, i) => i)
  const result = mannWhitney(
    a,
    a.map(x => x + 5)
  )
  assert.equal([result.u, result.exact], [112.5, false])
  isClose(result.p, 0.0186, 'p', 2e-4)
  assert.is(mannWhitney(new Array(20).fill(3), new Array(20).fill(3)).p, 1)
})

test('the shift is the median of all differences, also where these are many', () => {
  fc.assert(
    fc.property(values(1, 15), values(1, 15), (a, b) => {
      const all = a.flatMap(x => b.map(y => y - x)).sort((x, y) => x - y)
      const middle = all.length / 2
      const median =
        all.length % 2 === 1
          ? (all[Math.floor(middle)] as number)
          : ((all[middle - 1] as number) + (all[middle] as number)) / 2
      assert.is(shiftOf(a, b).shift, median)
    })
  )
  const many = shiftOf(normals(10_000, 100, 5, 1), normals(10_000, 103, 5, 2))
  isClose(many.shift, 3, 'shift of 100 million differences', 0.2)
  const [from, to] = many.interval as [number, number]
  assert.ok(from < 3 && to > 3 && to - from < 0.5, `${from} .. ${to}`)
})

test('the interval holds the shift, and moves with the values', () => {
  const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 4, maxLength: 12 })
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      const { shift, interval } = shiftOf(a, b)
      const [from, to] = interval as [number, number]
      assert.ok(from <= shift && shift <= to, `${from} ${shift} ${to}`)
      isClose(shiftOf(b, a).shift, -shift, 'of the other way around')
    })
  )
})

test('what is never negative does not fall by more than all of it; what can be does', () => {
  const [a, b] = [
    [1, 2, 10, 11, 30, 40],
    [0, 0, 1, 1, 2, 2]
  ]
  const [from = 0, to = 0] = shiftOf(a, b).interval ?? []
  assert.ok(from < -10.5, 'the values are apart by more than their median')
  assert.equal(compareGroups(a, b).interval, [-10.5, to])
  assert.equal(compareGroups(a, [-1, ...b.slice(1)]).interval, shiftOf(a, [-1, ...b.slice(1)]).interval)
})

test('the interval holds the truth in 95 of 100 cases at least', () => {
  for (const size of [5, 8, 20]) {
    const missed = Array.from({ length: 400 }, (_, i) => {
      const { interval } = shiftOf(normals(size, 100, 5, 2 * i), normals(size, 107, 5, 2 * i + 1))
      const [from, to] = interval as [number, number]
      return from > 7 || to < 7
    }).filter(each => each).length
    // three deviations of 400 coins of 5 %
    assert.ok(missed <= 33, `${missed} of 400 with ${size} values`)
  }
})

test('the correction of Holm', () => {
  const cases: Array<[number[], number[]]> = [
    [[], []],
    [[0.04], [0.04]],
    [
      [0.01, 0.04],
      [0.02, 0.04]
    ],
    [
      [0.01, 0.04, 0.03, 0.005],
      [0.03, 0.06, 0.06, 0.02]
    ],
    [
      [0.5, 0.9],
      [1, 1]
    ]
  ]
  for (const [given, expected] of cases)
    for (const [i, p] of holm(given).entries()) isClose(p, expected[i] as number, JSON.stringify(given))
})

test('a corrected p is never below the plain one, and keeps the order', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), ps => {
      const adjusted = holm(ps)
      for (const [i, p] of ps.entries()) {
        assert.ok((adjusted[i] as number) >= p && (adjusted[i] as number) <= 1)
        for (const [j, other] of ps.entries())
          if (other < p) assert.ok((adjusted[j] as number) <= (adjusted[i] as number))
      }
    })
  )
})

const judged = (a: number[], b: number[], better?: Better, threshold = 0.02, tests = 1) => {
  const difference = compareGroups(a, b)
  return judge(difference, { threshold, adjusted: Math.min(1, difference.p * tests), tests, better })
}
const around = (middle: number, ...steps: number[]) => steps.map(step => middle * (1 + step / 100))
const tight = [-0.4, -0.2, 0, 0.2, 0.4]
const wide = [-9, -4, 0, 4, 9]

const verdicts: Array<[what: string, a: number[], b: number[], better: Better | undefined, expected: Verdict]> = [
  ['more is better and there is more', around(100, ...tight), around(110, ...tight), 'more', 'better'],
  ['more is better and there is less', around(100, ...tight), around(90, ...tight), 'more', 'worse'],
  ['less is better and there is more', around(100, ...tight), around(110, ...tight), 'less', 'worse'],
  ['less is better and there is less', around(100, ...tight), around(90, ...tight), 'less', 'better'],
  ['nobody said what is better', around(100, ...tight), around(90, ...tight), undefined, 'lower'],
  ['a difference that is sure and below the threshold', around(100, ...tight), around(101, ...tight), 'less', 'same'],
  ['values far apart from each other', around(100, ...wide), around(103, ...wide), 'less', 'cannot tell'],
  ['two equal constants', [5, 5, 5, 5], [5, 5, 5, 5], 'less', 'same'],
  ['a baseline of nothing', [0, 0, 0, 0], [1, 2, 1, 2], 'less', 'worse'],
  ['three and three, however far apart', [1, 1, 1], [9, 9, 9], 'less', 'cannot tell'],
  ['three and eight', [1, 1.1, 1.2], [9, 9, 9, 9, 9, 9, 9, 9], 'less', 'cannot tell'],
  ['one and one', [1], [1], 'less', 'cannot tell']
]
for (const [what, a, b, better, expected] of verdicts) {
  test(`verdict, ${what}: ${expected}`, () => {
    const { verdict, needed } = judged(a, b, better)
    assert.is(verdict, expected)
    assert.is(needed != null, expected === 'cannot tell')
  })
}

test('a difference of 1 % is one where the threshold is 0.5 %', () => {
  assert.is(judged(around(100, ...tight), around(101, ...tight), 'less', 0.005).verdict, 'worse')
})

test('what five samples tell of one metric they do not tell of twenty', () => {
  const [a, b] = [around(100, ...tight), around(110, ...tight)]
  assert.is(judged(a, b, 'less').verdict, 'worse')
  const many = judged(a, b, 'less', 0.02, 20)
  assert.equal([many.verdict, many.needed], ['cannot tell', 6])
})

test('samples that are needed', () => {
  assert.is(leastSamples(), 4)
  assert.is(leastSamples(2), 5)
  // as docs/compare.md says
  assert.equal([leastSamples(6), leastSamples(7), leastSamples(23), leastSamples(24)], [5, 6, 6, 7])
  // spread and distance alike: 16 by the rule of thumb, with the ranks 17
  isClose(neededSamples(1, 1), 17, 'as many as the rule says', 1)
  assert.is(neededSamples(0, 1), 4)
  assert.is(neededSamples(undefined, 1), 4)
  assert.is(neededSamples(1, 0), MAX_NEEDED)
  assert.is(judged([1, 1, 1], [9, 9, 9]).needed, 4)
})

test('as many samples as are said to be needed do find the difference', () => {
  const needed = neededSamples(2, 5)
  const found = Array.from({ length: 200 }, (_, i) =>
    judged(normals(needed, 100, 2, 2 * i), normals(needed, 105, 2, 2 * i + 1), 'less')
  ).filter(({ verdict }) => verdict === 'worse').length
  assert.ok(found >= 140, `${found} of 200 with ${needed} samples`)
})

test('a ratio has an interval that is the same each time', () => {
  const [a, b] = [normals(8, 100, 2, 1), normals(8, 150, 2, 2)]
  const first = ratioOf(a, b)
  assert.equal(first, ratioOf(a, b))
  const [from, to] = first.interval as [number, number]
  assert.ok(from < 1.5 && to > 1.5 && to - from < 0.1, `${from} .. ${to}`)
  assert.equal(ratioOf([0, 0, 0, 0], b), {})
  assert.is(ratioOf([100, 101, 102], [200, 201, 202]).interval, undefined)
  assert.equal(
    bootstrap([[3, 3, 3]], ([drawn = []]) => drawn.length),
    [3, 3]
  )
})

/** A group drawn twice from the same samples: no verdict of better or worse is true. */
function falseVerdicts(comparisons: number, size: number, deviation: number, metrics: number, seed: number): number {
  const random = randomFrom(seed)
  const pool = Array.from({ length: metrics }, (_, i) => normals(40, 100, deviation, seed * 1000 + i))
  return Array.from({ length: comparisons }, () => {
    const draw = (from: number[]) =>
      Array.from({ length: size }, () => from[Math.floor(random() * from.length)] as number)
    const found = pool.map(each => compareGroups(draw(each), draw(each)))
    const adjusted = holm(found.map(({ p }) => p))
    return found.some((difference, i) => {
      const { verdict } = judge(difference, {
        ...{ threshold: 0.02, adjusted: adjusted[i] as number, tests: metrics, better: 'less' }
      })
      return verdict === 'better' || verdict === 'worse'
    })
  }).filter(each => each).length
}

for (const [size, deviation, metrics] of [
  [5, 1, 1],
  [5, 10, 1],
  [8, 5, 6],
  [12, 20, 1],
  [30, 10, 3]
] as const) {
  test(`A/A: of 100 comparisons of ${size} samples, ${deviation} % apart, ${metrics} metrics, 5 at most say better or worse`, () => {
    const found = falseVerdicts(100, size, deviation, metrics, 7)
    assert.ok(found <= 5, `${found} of 100`)
    const often = falseVerdicts(600, size, deviation, metrics, 11)
    // three deviations of 600 coins of 5 %
    assert.ok(often <= 46, `${often} of 600`)
  })
}

test('values whose differences are beyond all numbers have a shift, and soon', () => {
  const most = Number.MAX_VALUE
  const wide = [-most, 0, 1, most]
  assert.equal(shiftOf(wide, wide), { shift: 0, interval: [-most, most] })
  assert.equal(shiftOf([most, 0, 1], [-most, 0, most]).shift, -1)
})

test.run()

/** Seeded values of a normal distribution. */
function normals(size: number, mean: number, deviation: number, seed: number): number[] {
  const random = randomFrom(seed * 7919 + 1)
  return Array.from({ length: size }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    return mean + deviation * radius * Math.cos(2 * Math.PI * random())
  })
}
