import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bounded, withAttached, withDetached } from '../../node/run/merge-changes.ts'
import type { BakError } from '../../protocols/errors.ts'
import { hasRank, noChanges, type ToolChanges, toolsAfter } from '../../protocols/tool-changes.ts'

const test = suite('what changes of tools come to, one after the other')

const named = (tool: string, options = {}) => ({ group: 'default', tool, options })
/** Each has vmstat; those with an even rank sar, too. */
const roster = Array.from({ length: 6 }, (_, rank) => ({
  rank,
  tools: rank % 2 === 0 ? [named('vmstat'), named('sar')] : [named('vmstat')]
}))
const toolsOf = (rank: number, changes: ToolChanges) => {
  const { kept, attached } = toolsAfter(roster[rank]?.tools ?? [], rank, changes)
  return [...kept, ...attached].map(({ tool, options }) => `${tool}${JSON.stringify(options)}`).sort()
}

test('a tool that is detached and attached again as it was leaves no change', () => {
  const all = withDetached(noChanges, named('vmstat'), roster)
  assert.equal(all.detached, [{ group: 'default', tool: 'vmstat', ranks: [[0, 5]] }])
  assert.equal(withAttached(all, named('vmstat'), roster), noChanges)
})

test('with other options it stays detached as it was, and is attached as it is now', () => {
  const gone = withDetached(noChanges, named('vmstat'), roster.slice(0, 2))
  const back = withAttached(gone, named('vmstat', { interval: 1 }), roster.slice(0, 1))
  assert.equal(
    [0, 1, 2].map(rank => toolsOf(rank, back).filter(each => each.startsWith('vmstat'))),
    [['vmstat{"interval":1}'], [], ['vmstat{}']]
  )
  const again = withDetached(back, named('vmstat'), roster.slice(0, 1))
  assert.equal(toolsOf(0, again), ['sar{}'])
  assert.equal(again.attached, [])
})

test('after any changes each member has exactly what they come to for it', () => {
  const change = fc.record({
    attach: fc.boolean(),
    tool: fc.constantFrom('vmstat', 'sar', 'mpstat'),
    interval: fc.constantFrom(undefined, 1, 2),
    ranks: fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1 })
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), changes => {
      const model = roster.map(
        ({ tools }) => new Map(tools.map(({ tool, options }) => [tool, JSON.stringify(options)]))
      )
      let state = noChanges
      for (const { attach, tool, interval, ranks } of changes) {
        const options = interval == null ? {} : { interval }
        // only those that do not have it get it, and only those that have it lose it
        const meant = roster.filter(({ rank }) => ranks.includes(rank) && model[rank]?.has(tool) !== attach)
        if (meant.length === 0) continue
        state = (attach ? withAttached : withDetached)(state, named(tool, options), meant)
        for (const { rank } of meant)
          if (attach) model[rank]?.set(tool, JSON.stringify(options))
          else model[rank]?.delete(tool)
      }
      for (const { rank } of roster) {
        const expected = [...(model[rank] ?? [])].map(([tool, options]) => `${tool}${options}`).sort()
        assert.equal(toolsOf(rank, state), expected, `rank ${rank}`)
      }
    })
  )
})

test('more than a command can carry is refused', () => {
  const many = Array.from({ length: 70 }, (_, i) => ({ ...named(`t${i}`), ranks: [[0, 0]] as Array<[number, number]> }))
  assert.throws(
    () => bounded({ attached: many, detached: [] }),
    (cause: unknown) => (cause as BakError).code === 'usage'
  )
  const scattered = Array.from({ length: 300 }, (_, i): [number, number] => [2 * i, 2 * i])
  const few = { attached: [{ ...named('vmstat'), ranks: scattered }], detached: [] }
  assert.throws(
    () => bounded(few),
    (cause: unknown) => (cause as BakError).code === 'usage'
  )
  assert.ok(hasRank(scattered, 8))
})

test.run()
