/** Points of several series that are added up. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { addUp, cutTo, fewerPoints, numberOf, weighed } from '../../../cli/result/points.ts'
import type { Points } from '../../../protocols/series/read-series.ts'

const test = suite('points of series')

const of = (points: Array<[t: number, v: number]>): Points => ({
  t: Float64Array.from(points, ([t]) => t),
  v: Float64Array.from(points, ([, v]) => v)
})

test('the sum at each time is of those series that have a point then', () => {
  const times = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: -9, max: 9 })), { maxLength: 20 })
  fc.assert(
    fc.property(fc.array(times, { minLength: 2, maxLength: 4 }), series => {
      const sorted = series.map(each => each.toSorted(([a], [b]) => a - b))
      const all = sorted.flat()
      const expected = [...Map.groupBy(all, ([t]) => t)].sort(([a], [b]) => a - b)
      const { t, v } = addUp(sorted.map(of), (sum, count) => sum + count / 100)
      assert.equal(
        [...t],
        expected.map(([at]) => at)
      )
      assert.equal(
        [...v],
        expected.map(([, each]) => each.reduce((sum, [, value]) => sum + value, 0) + each.length / 100)
      )
    })
  )
})

test('millions of points of which no two are of the same time are added up in little more memory than they take', () => {
  const COUNT = 1_000_000
  const series = [0, 1, 2, 3].map(i => ({
    t: new Float64Array(COUNT).map((_, at) => at * 4 + i),
    v: new Float64Array(COUNT).fill(i)
  }))
  const before = process.memoryUsage().heapUsed
  const { t, v } = addUp(series, sum => sum)
  assert.ok(process.memoryUsage().heapUsed - before < 50e6, 'on the heap')
  assert.equal([t.length, v[0], v[3], t[4 * COUNT - 1]], [4 * COUNT, 0, 3, 4 * COUNT - 1])
})

test('of more points than are kept, each is made of some that follow each other', () => {
  const points = of([
    [1, 1],
    [2, 3],
    [3, 5],
    [4, 9],
    [5, 2]
  ])
  const shown = ({ t, v }: Points) => [[...t], [...v]]
  assert.equal(shown(fewerPoints(points, 3, 'mean')), [
    [1, 3, 5],
    [2, 7, 2]
  ])
  assert.equal(shown(fewerPoints(points, 3, 'max')), [
    [1, 3, 5],
    [3, 9, 2]
  ])
  assert.equal(shown(fewerPoints(points, 5, 'mean')), shown(points))
})

test('a wait counts by the requests that waited, also where points are taken together and cut', () => {
  const waits = of([
    [1, 2],
    [2, 8],
    [4, 100],
    [5, 1]
  ])
  const requests = of([
    [1, 3],
    [2, 1],
    [3, 0],
    [4, 1]
  ])
  const points = weighed(waits, requests)
  assert.equal([...(points.w ?? [])], [3, 1, 1, 0])
  assert.is(numberOf({ number: 'mean' }, points.v, points.w), (2 * 3 + 8 + 100) / 5)
  const fewer = fewerPoints(points, 2, 'mean')
  assert.equal(
    [[...fewer.v], [...(fewer.w ?? [])]],
    [
      [3.5, 100],
      [4, 1]
    ]
  )
  assert.is(numberOf({ number: 'mean' }, fewer.v, fewer.w), (2 * 3 + 8 + 100) / 5)
  assert.equal([...(cutTo(points, { from: 2, to: 4 }).w ?? [])], [1, 1])
  assert.is(numberOf({ number: 'mean' }, points.v, Float64Array.of(0, 0, 0, 0)), 27.75, 'without any all count alike')
})

test.run()
