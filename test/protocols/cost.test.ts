import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Cost, costliest, isTooShort, sharesOf } from '../../protocols/cost.ts'

const test = suite('the cost of observation')

const nothing = { voluntary: 0, involuntary: 0, sent: 0, received: 0, tools: 0 }
const cost = (name: string, elapsed: number, user: number, system: number, more: Partial<Cost> = {}) => ({
  ...{ name, elapsed, user, system },
  ...nothing,
  ...more
})

test('the samples of a member are summed up: shares of a core, context switches a second, and bytes in all', () => {
  const samples = [
    { members: [cost('a', 1_000, 2, 1, { voluntary: 20, sent: 5 }), cost('b', 2_000, 0, 1, { tools: 500 })] },
    { members: [cost('a', 3_000, 1, 0, { voluntary: 1, involuntary: 19, sent: 6, received: 7 })] }
  ]
  assert.equal(sharesOf(samples), [
    { name: 'a', elapsed: 4_000, daemon: 0.001, tools: 0, switches: 10, sent: 11, received: 7 },
    { name: 'b', elapsed: 2_000, daemon: 0.0005, tools: 0.25, switches: 0, sent: 0, received: 0 }
  ])
})

test('the costliest member is the one whose daemon took most; there is none if no member measured', () => {
  const shares = sharesOf([{ members: [cost('a', 10, 1, 0, { tools: 9 }), cost('b', 10, 1, 1), cost('c', 10, 0, 0)] }])
  assert.is(costliest(shares)?.name, 'b')
  assert.is(costliest(sharesOf([])), undefined)
})

test('what was measured for less than a second says nothing, and is the costliest only where there is nothing else', () => {
  const shares = sharesOf([{ members: [cost('short', 50, 30, 5), cost('long', 5_000, 10, 0)] }])
  assert.equal(shares.map(isTooShort), [true, false])
  assert.is(costliest(shares)?.name, 'long')
  assert.is(costliest(shares.slice(0, 1))?.name, 'short')
})

test('a sample without duration causes no division by zero', () => {
  assert.is(sharesOf([{ members: [cost('a', 0, 0, 0)] }])[0]?.daemon, 0)
})

test.run()
