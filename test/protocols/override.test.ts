import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { forMember, forRank, hasMember, variantsOf } from '../../protocols/overridden.ts'
import { rangesIn } from '../../protocols/override.ts'
import { readRunFile } from '../../protocols/run-file.ts'

const test = suite('options of a tool on some members')

const base = { interval: 3, pattern: 'all', options: ['-a'] }
const override = [
  { on: 'role=db', interval: 1, pattern: 'db' },
  { rank: '0-1', options: ['-b'] },
  { on: 'b', interval: 2 },
  { rank: '1', pattern: 'one' }
]
const own = { ...base, override }

test('those of the selectors that fit come at once, the later before the earlier, and those by rank are left', () => {
  const byRank = [override[1], override[3]]
  assert.equal(
    forMember(own, () => false),
    { ...base, override: byRank }
  )
  assert.equal(
    forMember(own, on => on === 'role=db'),
    { ...base, interval: 1, pattern: 'db', override: byRank }
  )
  assert.equal(
    forMember(own, () => true),
    { ...base, interval: 2, pattern: 'db', override: byRank }
  )
  assert.equal(
    forMember(base, () => true),
    base
  )
})

test('a member takes those of its rank, and is left with none', () => {
  const here = forMember(own, () => false)
  assert.equal(forRank(here, 0), { ...base, options: ['-b'] })
  assert.equal(forRank(here, 1), { ...base, options: ['-b'], pattern: 'one' })
  assert.equal(forRank(here, 2), base)
})

test('whoever judges them before there are ranks sees the options without any, and with each', () => {
  assert.equal(variantsOf(base), [base])
  assert.equal(
    variantsOf(own).map(({ interval, pattern, options }) => [interval, pattern, options]),
    [
      [3, 'all', ['-a']],
      [1, 'db', ['-a']],
      [3, 'all', ['-b']],
      [2, 'all', ['-a']],
      [3, 'one', ['-a']]
    ]
  )
  assert.equal(forRank(variantsOf(own)[2] ?? {}, 0), variantsOf(own)[2])
})

test('ranks are numbers and ranges with both ends', () => {
  assert.equal(rangesIn('0-3, 5'), [
    [0, 3],
    [5, 5]
  ])
  const range = fc.tuple(fc.nat(50), fc.nat(50)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 5 }), fc.nat(60), (ranges, rank) => {
      const text = ranges.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(',')
      const isIn = ranges.some(([a, b]) => rank >= a && rank <= b)
      const { chosen } = forRank({ override: [{ rank: text, chosen: true }] }, rank)
      assert.is(chosen === true, isIn)
      assert.is(
        hasMember(text, rank),
        ranges.some(([a]) => a < rank)
      )
    })
  )
})

const file = (lines: string) => readRunFile(`[tool.sar]\n[[tool.sar.override]]\n${lines}\n`, 'run.toml')
const wrong: Array<[lines: string, why: RegExp]> = [
  ['interval = 1', /run.toml:2: tool.sar.override.0: has one of on and rank/],
  ['on = "a"\nrank = "0"', /has one of on and rank/],
  ['rank = "1-"', /run.toml:3: tool.sar.override.0.rank: expected ranks such as 0/],
  ['rank = "-1"', /expected ranks/],
  ['rank = "a"', /expected ranks/],
  ['rank = "3-1"', /the first rank of a range is the smaller one/],
  ['on = ""', /override.0.on: is empty/],
  ['on = "a"\ninterval = "x"', /override.0.interval/],
  ['on = "a"\nlifetime = "persistent"', /lifetime is the same on all members/],
  ['on = "a"\ncommand = "x"', /command is the same on all members/],
  ['on = "a"\ncommand = ["x"]', /override.0/],
  ['on = "a"\nconstructor = 1', /constructor cannot be the name of an option/]
]
for (const [lines, why] of wrong) {
  test(`mistakes are named with their line: ${lines.replaceAll('\n', ', ')}`, () => {
    assert.throws(
      () => file(lines),
      (error: Error) => why.test(error.message) || assert.unreachable(error.message)
    )
  })
}

test('a run file has them as tables', () => {
  const read = JSON.parse(JSON.stringify(file('rank = "0-3,5"\ncolour = "red"').tool?.sar))
  assert.equal(read, { override: [{ rank: '0-3,5', colour: 'red' }] })
})

test.run()
