import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MachineSlots } from '../../../node/work/jobs/machine-slots.ts'
import { freeSlots, type SlotClaim } from '../../../node/work/jobs/slots.ts'

const test = suite('slots')

const claim = (taken: number, wanted: number, most = 1): SlotClaim => ({ taken, wanted, most })

for (const [what, max, claims, free] of [
  ['a machine without jobs is free', 4, [claim(0, 0)], [4]],
  ['a run alone gets all of it', 4, [claim(1, 9)], [3]],
  ['two runs get halves', 4, [claim(0, 9), claim(0, 9)], [2, 2]],
  ['of an odd number the one that waited longest gets more', 5, [claim(0, 9), claim(0, 9)], [3, 2]],
  ['what one does not want is the other one’s', 8, [claim(0, 1), claim(0, 9)], [1, 7]],
  ['a run that came first and has all of it gets nothing new', 4, [claim(0, 4), claim(4, 9)], [0, 0]],
  ['what becomes free is for the run that has less than its share', 4, [claim(0, 4), claim(3, 9)], [1, 0]],
  ['a run that wants nothing yet sees what nobody has claimed', 4, [claim(0, 0), claim(0, 1)], [3, 4]],
  ['slots are kept free for a large job that waited longest', 4, [claim(0, 4, 4), claim(2, 9)], [2, 0]],
  ['a large job gets them once all are there', 4, [claim(0, 4, 4), claim(0, 9)], [4, 0]],
  ['a large job of a run that was served last keeps none', 4, [claim(1, 9), claim(0, 4, 4)], [1, 2]],
  ['a job that is larger than the machine is one of its size', 2, [claim(0, 8, 8), claim(0, 2)], [2, 0]],
  ['a job that fits in the share of its run keeps none', 8, [claim(0, 3, 3), claim(4, 9)], [3, 1]]
] as [string, number, SlotClaim[], number[]][]) {
  test(what, () => assert.equal(freeSlots(max, claims), free))
}

test('nobody is ever told of more than there is, and of something where something is there', () => {
  const any = fc.record({ taken: fc.nat(4), wanted: fc.nat(12), most: fc.integer({ min: 1, max: 10 }) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.array(any, { minLength: 1, maxLength: 6 }), (max, claims) => {
      const room = Math.max(0, max - claims.reduce((sum, { taken }) => sum + taken, 0))
      const free = freeSlots(max, claims)
      for (const each of free) assert.ok(each >= 0 && each <= room)
      const waiting = claims.filter(({ wanted }) => wanted > 0)
      const fits = waiting.every(({ most }) => most === 1)
      if (fits && waiting.length > 0 && room > 0)
        assert.ok(free.some((each, i) => each > 0 && (claims[i] as SlotClaim).wanted > 0))
    })
  )
})

test('runs whose jobs come one behind the other all end, whatever the sizes of their jobs are', () => {
  const jobs = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(jobs, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (max, runs, seed) => {
        const machine = new MachineSlots(max)
        const all = runs.map((sizes, i) => ({
          slots: machine.enter(`run ${i}`, 'peer', () => {}),
          left: sizes.map(size => Math.min(size, max)),
          running: [] as number[]
        }))
        const waits = new Map(all.map(each => [each, 0]))
        for (let turn = 0; all.some(({ left, running }) => left.length + running.length > 0); turn++) {
          assert.ok(turn < 1_000, 'it does not end')
          for (const each of all) {
            each.slots.want(
              each.left.reduce((sum, size) => sum + size, 0),
              Math.max(1, ...each.left)
            )
            const next = each.left.find(size => each.slots.now.free >= size)
            if (next != null && each.slots.take(next)) {
              each.left.splice(each.left.indexOf(next), 1)
              each.running.push(next)
              waits.set(each, 0)
            } else waits.set(each, (waits.get(each) ?? 0) + 1)
          }
          assert.ok(machine.taken <= max)
          // one job of those that run ends
          const busy = all.filter(({ running }) => running.length > 0)
          const ending = busy[(seed + turn) % Math.max(1, busy.length)]
          if (ending != null) ending.slots.give(ending.running.shift() as number)
        }
      }
    ),
    { numRuns: 300 }
  )
})

test('two runs with many jobs have as many slots each in the end, however many the first one had', async () => {
  const machine = new MachineSlots(6)
  let told = 0
  const one = machine.enter('one', 'peer', () => told++)
  one.want(100)
  for (let i = 0; i < 6; i++) assert.ok(one.take(1))
  assert.not(one.take(1))
  const other = machine.enter('other', 'peer', () => told++)
  other.want(100)
  assert.is(other.now.free, 0)
  for (let i = 0; i < 3; i++) {
    one.give(1)
    assert.is(one.now.free, 0)
    assert.ok(other.take(1))
  }
  one.give(1)
  assert.equal([one.now.free, other.now.free], [1, 0])
  assert.equal(
    machine.runs.map(({ run, taken, wanted }) => ({ run, taken, wanted })),
    [
      { run: 'one', taken: 2, wanted: 94 },
      { run: 'other', taken: 3, wanted: 97 }
    ]
  )
  await Promise.resolve()
  assert.is(told, 2)
  other.leave()
  await Promise.resolve()
  assert.is(one.now.free, 4)
})

test.run()
