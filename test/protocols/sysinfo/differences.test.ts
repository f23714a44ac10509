import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compareFacts, groupsOf, toRecord } from '../../../protocols/sysinfo/differences.ts'

const differences = suite('in what machines differ')

const machines = (facts: Record<string, Record<string, string>>) =>
  new Map(Object.entries(facts).map(([name, of]) => [name, new Map(Object.entries(of))]))

differences('machines with the same facts do not', () => {
  const one = { 'cpu.model': 'X', 'os.name': 'Y' }
  assert.equal(compareFacts(machines({ a: one, b: { ...one }, c: { ...one } })), {
    ...{ members: ['a', 'b', 'c'], facts: 2, differences: [], absent: [] }
  })
})

differences('each fact has its values with who has them, the fewest first', () => {
  const found = compareFacts(
    machines({
      a: { 'cpu.model': 'X' },
      b: { 'cpu.model': 'Y' },
      c: { 'cpu.model': 'X' },
      d: { 'cpu.model': 'X', 'cpu.boost': '1' }
    })
  )
  assert.equal(found.differences, [
    {
      fact: 'cpu.model',
      groups: [
        { value: 'Y', members: ['b'] },
        { value: 'X', members: ['a', 'c', 'd'] }
      ]
    },
    {
      fact: 'cpu.boost',
      groups: [
        { value: '1', members: ['d'] },
        { value: undefined, members: ['a', 'b', 'c'] }
      ]
    }
  ])
})

differences('one that stands alone comes before halves, and two sides before many', () => {
  const of = (odd: string, half: string, own: string) => ({ 'a.half': half, 'a.odd': odd, 'a.own': own })
  const found = compareFacts(
    machines({ a: of('1', '1', '1'), b: of('1', '1', '2'), c: of('1', '2', '3'), d: of('2', '2', '4') })
  )
  assert.equal(
    found.differences.map(({ fact }) => fact),
    ['a.odd', 'a.half', 'a.own']
  )
})

differences('an item that a member lacks is named, and not each of its facts', () => {
  const sysctl = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`sysctl.v${i}`, '1']))
  const found = compareFacts(machines({ a: { ...sysctl, 'cpu.model': 'X' }, b: { 'cpu.model': 'X' } }))
  assert.equal(found.differences, [])
  assert.equal(found.absent, [{ item: 'sysctl', members: ['b'] }])
})

differences('each member is on exactly one side of each', () => {
  const value = fc.constantFrom('1', '2', '3', undefined)
  const all = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.record({ x: value, y: value }), { minKeys: 1 })
  fc.assert(
    fc.property(all, given => {
      const facts = Object.entries(given).map(([name, { x, y }]) => {
        const own = [['i.always', '1'], ...(x == null ? [] : [['i.x', x]]), ...(y == null ? [] : [['i.y', y]])]
        return [name, new Map(own as Array<[string, string]>)] as const
      })
      const { members, differences: found } = compareFacts(new Map(facts))
      for (const { groups } of found) {
        assert.ok(groups.length > 1)
        assert.equal(groups.flatMap(each => each.members).sort(), members)
        const sizes = groups.map(each => each.members.length)
        assert.equal(
          sizes,
          sizes.toSorted((a, b) => a - b)
        )
      }
    })
  )
})

differences('a record names so many differences, sides and members, and how many there are', () => {
  const facts = Array.from({ length: 40 }, (_, i) => {
    const own = Array.from({ length: 300 }, (_, n) => [`a.f${n}`, i < 20 ? 'x' : `${i}`] as [string, string])
    return [`m${i}`, new Map(own)] as [string, Map<string, string>]
  })
  const recorded = toRecord(compareFacts(new Map(facts)))
  assert.is(recorded.length, 256)
  const [first] = recorded
  assert.is(first?.groups.length, 8)
  assert.ok(first?.groups.every(({ members }) => members.length <= 16))
})

differences('groups have their members in the order in which they were given', () => {
  assert.equal(
    groupsOf([
      ['b', '1'],
      ['a', '1'],
      ['c', '2']
    ]),
    [
      { value: '2', members: ['c'] },
      { value: '1', members: ['b', 'a'] }
    ]
  )
})

differences.run()
