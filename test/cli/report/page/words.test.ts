/** What the page finds and places by name: the filter of series, frames of a profile. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { filterOf } from '../../../../cli/report/page/filter.ts'
import { baseOf, changeOf, changeStep, layOut, pathTo } from '../../../../cli/report/page/flame-layout.ts'
import { differenceOf, type Frame, treeOf, weightOf } from '../../../../cli/report/page/flame-tree.ts'
import { fittingKeys } from '../../../../cli/report/page/part-keys.ts'

const test = suite('names on the page')

test('of keys that have no room those of the least parts are left out', () => {
  const parts = ['user', 'system', 'irq', 'softirq', 'iowait', 'steal']
  const all = [...parts.keys()]
  const named = (height: number, ranked: number[]) => fittingKeys(all, ranked, parts, height).map(index => parts[index])
  assert.equal(named(90, all), parts)
  // two lines below the name of the row
  assert.equal(named(43, [0, 4, 1, 5, 3, 2]), ['user', 'system', 'iowait'])
  assert.equal(named(43, [4, 0, 3, 1, 2, 5]), ['user', 'softirq', 'iowait'])
  assert.equal(named(10, [4, 0, 2, 1, 3, 5]), ['iowait'], 'one at least')
})

const series = { member: 'n1', tool: 'disk', metric: 'disk.read.bytes', labels: 'device=nvme0n1', unit: 'B/s' }

test('a filter finds words in any column, order and case', () => {
  const cases: Array<[string, boolean]> = [
    ['', true],
    ['   ', true],
    ['read', true],
    ['NVME read', true],
    ['write', false],
    ['read write', false],
    ['-write', true],
    ['-nvme', false],
    ['metric:read', true],
    ['tool:read', false],
    ['member:n1 tool:disk', true],
    ['-member:n1', false],
    ['metric:disk.*', true],
    ['metric:read*', false],
    ['metric:*read*', true],
    ['disk.*.bytes', true],
    ['*', true],
    ['-', true],
    ['unit:b/s', true],
    ['device=nvme0n1', true],
    ['member:', true]
  ]
  for (const [text, wanted] of cases) assert.is(filterOf(text)(series), wanted, text)
})

test('stars match as an expression would, in linear time', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 8 })
  const values = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
  fc.assert(
    fc.property(letters, values, (word, metric) => {
      const expression = word.includes('*') ? new RegExp(`^${word.replaceAll('*', '.*')}$`) : new RegExp(word)
      return filterOf(`metric:${word}`)({ ...series, metric }) === expression.test(metric)
    })
  )
  const long = 'a'.repeat(50_000)
  assert.is(filterOf(`metric:${'*a'.repeat(500)}*b`)({ ...series, metric: long }), false)
})

test('folded stacks become a tree whose frames weigh what goes through them', () => {
  const root = treeOf('a;b 3\na;c 2\nno weight\na;b;d 1\n;; x\nlone 4\n 5\nbad -3\n')
  assert.is(root.total, 10)
  assert.equal(shape(root), {
    all: 10,
    children: [{ a: 6, children: [{ b: 4, children: [{ d: 1 }] }, { c: 2 }] }, { lone: 4 }]
  })
  assert.is(
    weightOf(root, name => name === 'b' || name === 'd'),
    4
  )
})

test('a function name may have spaces and semicolons end a frame', () => {
  assert.equal(shape(treeOf('operator new(unsigned long);std::vector<int, A> >::f 2')), {
    all: 2,
    children: [{ 'operator new(unsigned long)': 2, children: [{ 'std::vector<int, A> >::f': 2 }] }]
  })
})

test('a difference has what each frame was before, with equal sums', () => {
  // twice as long, and the same but for b
  const root = differenceOf('a;b 10\na;c 10\ngone 20\n', 'a;b 20\na;c 20\nnew 40\n')
  assert.is(root.total, 80)
  assert.is(root.base, 80)
  const [a, gone, fresh] = ['a', 'gone', 'new'].map(name => root.children.find(each => each.name === name) as Frame)
  assert.equal([a?.total, a?.base], [40, 40])
  assert.equal([gone?.total, gone?.base], [0, 40])
  assert.equal([fresh?.total, fresh?.base], [40, 0])
  assert.is(changeOf(fresh as Frame, root), 0.5)
  assert.equal(
    [-0.2, -0.02, -0.004, 0, 0.001, 0.004, 0.02, 0.2].map(each => changeStep(each) + 0),
    [-3, -2, -1, 0, 0, 1, 2, 3]
  )
  assert.is(differenceOf('', 'a 1').base, 0)
  // what is gone has a width in the widths of before only
  const names = (weight?: typeof baseOf) =>
    layOut([root], 800, weight).map(({ frame, width }) => `${frame.name} ${width}`)
  assert.equal(names(), ['all 800', 'a 400', 'new 400', 'b 200', 'c 200'])
  assert.equal(names(baseOf), ['all 800', 'a 400', 'gone 400', 'b 200', 'c 200'])
})

test('frames lie below their callers, within them, beside each other', () => {
  const stacks = fc.array(
    fc.tuple(
      fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 100 })
    ),
    { minLength: 1 }
  )
  fc.assert(
    fc.property(stacks, all => {
      const root = treeOf(all.map(([frames, weight]) => `${frames.join(';')} ${weight}`).join('\n'))
      return layOut([root], 1000).every(({ x, width, depth, parent, frame }) => {
        if (parent == null) return depth === 0 && width === 1000
        const inside = x >= parent.x - 1e-6 && x + width <= parent.x + parent.width + 1e-6
        return inside && depth === parent.depth + 1 && parent.frame.children.includes(frame)
      })
    })
  )
})

test('what is zoomed to is as wide as all, with its callers above', () => {
  const root = treeOf('a;b;c 1\na;d 3\ne 96\n')
  const b = layOut([root], 1000).find(({ frame }) => frame.name === 'b')
  const placed = layOut(pathTo(b as never), 1000)
  assert.equal(
    placed.map(({ frame, width, isAbove }) => [frame.name, width, isAbove]),
    [
      ['all', 1000, true],
      ['a', 1000, true],
      ['b', 1000, false],
      ['c', 1000, false]
    ]
  )
})

test.run()

function shape({ name, total, children }: Frame): unknown {
  return children.length === 0 ? { [name]: total } : { [name]: total, children: children.map(shape) }
}
