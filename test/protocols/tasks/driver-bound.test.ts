/** When the driver of a member was the bottleneck, in words. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { driverBound, type MemberHealth } from '../../../protocols/tasks/driver-bound.ts'
import type { DriverHealth } from '../../../protocols/tasks/task-answer.ts'

const WELL: DriverHealth = { workers: 2, busy: 0.4, lag: 1.2, lagMax: 90, overhead: 0.1 }

const bound = suite('whether the driver was the bottleneck')

const cases: [string, Partial<DriverHealth>, RegExp | undefined][] = [
  ['one that kept up is not named, also with one late timer', {}, undefined],
  [
    'a thread that worked all the time',
    { busy: 0.973 },
    /^the driver of b was the bottleneck: its busiest thread worked 97 % of the time$/
  ],
  [
    'timers that were late',
    { lag: 33.3, waited: 0.002 },
    /^the driver of b was the bottleneck: its timers were 33.3 ms late \(p99\)$/
  ],
  [
    'time of its own',
    { overhead: 7 },
    /^the driver of b was the bottleneck: it took 7 ms of its own for a request \(p99\)$/
  ],
  [
    'timers that were late while others had the processors',
    { busy: 0.2, lag: 33.3, waited: 0.41 },
    /^the driver of b was held up by what else its machine did: its timers were 33\.3 ms late \(p99\), and its threads waited 41 % of the time for a processor$/
  ],
  [
    'timers that were late, of a machine that does not tell',
    { lag: 33.3 },
    /^the driver of b was the bottleneck, or what else its machine did: its timers were 33\.3 ms late \(p99\)$/
  ],
  [
    'timers that were late, and threads that now and then waited for a processor',
    { lag: 33.3, waited: 0.03 },
    /^the driver of b was the bottleneck, or what else its machine did: .* waited 3 % of the time for a processor$/
  ],
  [
    'a thread that worked all the time on processors of its own',
    { busy: 0.97, waited: 0.01 },
    /^the driver of b was the bottleneck: its busiest thread worked 97 % of the time$/
  ],
  [
    'a thread that was busy with waiting for a processor',
    { busy: 0.97, waited: 0.6 },
    /^the driver of b was held up by what else its machine did: its busiest thread worked 97 % of the time, and its threads waited 60 %/
  ],
  [
    'a thread that worked and waited',
    { busy: 0.97, waited: 0.2 },
    /^the driver of b was the bottleneck, or what else its machine did: its busiest/
  ],
  ['just below each limit', { busy: 0.89, lag: 19.9, overhead: 4.9 }, undefined]
]
for (const [title, health, expected] of cases)
  bound(title, () => {
    const said = driverBound([
      { member: 'a', health: WELL },
      { member: 'b', health: { ...WELL, ...health } },
      { member: 'c' }
    ])
    if (expected == null) assert.is(said, undefined)
    else assert.match(said ?? '', expected)
  })

bound('of many members the first are named, and how many there are', () => {
  const members: MemberHealth[] = Array.from({ length: 7 }, (_, i) => ({
    member: `m${i}`,
    health: { ...WELL, busy: 1 }
  }))
  assert.match(
    driverBound(members) ?? '',
    /^the drivers of 7 members were the bottleneck \(m0: its busiest .*, m3: .* and 3 more\)$/
  )
})

bound('of several members it is said of all whose fault it was, or both', () => {
  const late = { ...WELL, lag: 40 }
  const said = (...waited: number[]) =>
    driverBound(waited.map((each, i) => ({ member: `m${i}`, health: { ...late, waited: each } }))) ?? ''
  assert.match(
    said(0.3, 0.4),
    /^the drivers of 2 members were held up by what else their machines did \(m0: its timers/
  )
  assert.match(said(0, 0), /^the drivers of 2 members were the bottleneck \(m0/)
  assert.match(said(0, 0.4), /^the drivers of 2 members were the bottleneck, or what else their machines did \(m0/)
})

bound('with more members that share the load it is not said any more', () => {
  const one = [{ member: 'a', health: { ...WELL, busy: 0.99 } }]
  const two = ['a', 'b'].map(member => ({ member, health: { ...WELL, busy: 0.52 } }))
  assert.ok(driverBound(one) != null)
  assert.is(driverBound(two), undefined)
})

bound.run()
