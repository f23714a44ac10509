import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hasRank, rangesOf, type ToolChanges, toolsAfter } from '../../protocols/tool-changes.ts'

const test = suite('what the changes of the tools of a run mean for a member')

const named = (tool: string, group = 'default') => ({ group, tool, options: {} })
const offered = [named('vmstat'), named('sar'), named('sar', 'db')]

test('without changes it has the tools of its offer', () => {
  assert.equal(toolsAfter(offered, 0), { kept: offered, attached: [] })
})

test('it has what was attached for its rank, and not what was detached for it, group by group', () => {
  const changes: ToolChanges = {
    attached: [{ ...named('mpstat'), options: { interval: 2 }, ranks: [[1, 2]] }],
    detached: [
      {
        group: 'db',
        tool: 'sar',
        ranks: [
          [0, 0],
          [2, 9]
        ]
      }
    ]
  }
  const mpstat = { ...named('mpstat'), options: { interval: 2 } }
  assert.equal(toolsAfter(offered, 0, changes), { kept: offered.slice(0, 2), attached: [] })
  assert.equal(toolsAfter(offered, 1, changes), { kept: offered, attached: [mpstat] })
  assert.equal(toolsAfter(offered, 2, changes), { kept: offered.slice(0, 2), attached: [mpstat] })
})

test('ranges mean the ranks that they were made of, and are as few as there can be', () => {
  const ranks = fc.uniqueArray(fc.nat({ max: 60 }))
  fc.assert(
    fc.property(ranks, given => {
      const ranges = rangesOf(given)
      for (let rank = 0; rank <= 61; rank++) assert.is(hasRank(ranges, rank), given.includes(rank))
      const gaps = given.filter(rank => !given.includes(rank + 1)).length
      assert.is(ranges.length, gaps)
    })
  )
})

test.run()
