/** Who leaves a barrier, and when. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Barrier, type Expected } from '../../../node/run/collectives/barrier.ts'

const barriers = suite('a barrier')
const names = ['a', 'b', 'c']
const all: Expected = { names, ended: new Set() }

barriers('nobody leaves before the last has come, then all leave together, and it can be used again', () => {
  const barrier = new Barrier<string>()
  for (const round of [1, 2, 3]) {
    barrier.enter('a', `a${round}`)
    assert.is(barrier.settle(all), undefined)
    barrier.enter('b', `b${round}`)
    assert.equal(barrier.missing(all), ['c'])
    assert.is(barrier.settle(all), undefined)
    barrier.enter('c', `c${round}`)
    assert.equal(barrier.settle(all), { calls: [`a${round}`, `b${round}`, `c${round}`], round, size: 3 })
  }
})

barriers('an instance that comes twice is one, and leaves with both of its calls', () => {
  const barrier = new Barrier<string>()
  for (const call of ['a1', 'a2']) barrier.enter('a', call)
  barrier.enter('b', 'b1')
  assert.is(barrier.settle(all), undefined)
  barrier.withdraw('a1')
  assert.equal(barrier.missing(all), ['c'])
  barrier.enter('c', 'c1')
  assert.equal(barrier.settle(all), { calls: ['a2', 'b1', 'c1'], round: 1, size: 3 })
})

barriers('who has gone away again has not come', () => {
  const barrier = new Barrier<string>()
  for (const name of names) barrier.enter(name, name)
  barrier.withdraw('b')
  assert.is(barrier.settle(all), undefined)
  assert.equal(barrier.missing(all), ['b'])
})

barriers('one that has ended without coming makes it hopeless at once, for those who wait and those who come', () => {
  const barrier = new Barrier<string>()
  barrier.enter('a', 'a1')
  const expected = { names, ended: new Set(['b']) }
  assert.equal(barrier.settle(expected), { calls: ['a1'], missing: ['b', 'c'], come: 1, needed: 3 })
  barrier.enter('c', 'c1')
  assert.equal(barrier.settle(expected), { calls: ['c1'], missing: ['a', 'b'], come: 1, needed: 3 })
})

barriers('one that is excluded is not waited for', () => {
  const barrier = new Barrier<string>()
  for (const name of ['a', 'b']) barrier.enter(name, name)
  assert.equal(barrier.settle({ names: ['a', 'b'], ended: new Set() }), { calls: ['a', 'b'], round: 1, size: 2 })
})

barriers('with a count any so many are enough, and it is hopeless when fewer can come', () => {
  const barrier = new Barrier<string>(2)
  barrier.enter('c', 'c1')
  assert.is(barrier.settle(all), undefined)
  assert.is(barrier.settle({ names, ended: new Set(['a']) }), undefined)
  const hopeless = barrier.settle({ names, ended: new Set(['a', 'b']) })
  assert.equal(hopeless, { calls: ['c1'], missing: ['a', 'b'], come: 1, needed: 2 })
  for (const name of ['a', 'b']) barrier.enter(name, name)
  assert.equal(barrier.settle(all), { calls: ['a', 'b'], round: 1, size: 2 })
})

type Act = { act: 'enter' | 'withdraw' | 'end'; who: number }

barriers('whatever happens, all calls of a round are over at once, and only when each who is expected waits', () => {
  const act = fc.record({ act: fc.constantFrom('enter', 'enter', 'enter', 'withdraw', 'end'), who: fc.nat({ max: 3 }) })
  fc.assert(
    fc.property(
      fc.array(act as fc.Arbitrary<Act>, { maxLength: 60 }),
      fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      (acts, count) => {
        const names = ['0', '1', '2', '3']
        const ended = new Set<string>()
        const barrier = new Barrier<number>(count)
        const waiting = new Map<number, string>()
        let rounds = 0
        for (const [call, { act, who }] of acts.entries()) {
          const name = `${who}`
          if (act === 'enter' && !ended.has(name)) {
            barrier.enter(name, call)
            waiting.set(call, name)
          }
          if (act !== 'enter') {
            for (const [each, by] of waiting) {
              if (by !== name) continue
              barrier.withdraw(each)
              waiting.delete(each)
            }
          }
          if (act === 'end') ended.add(name)
          const come = new Set(waiting.values())
          const needed = count ?? names.length
          const settled = barrier.settle({ names, ended })
          if (settled == null) {
            assert.ok(come.size < needed)
            assert.ok(come.size === 0 || names.filter(each => come.has(each) || !ended.has(each)).length >= needed)
            continue
          }
          assert.equal(new Set(settled.calls), new Set(waiting.keys()))
          if ('round' in settled) {
            assert.equal([settled.round, settled.size], [++rounds, come.size])
            assert.ok(come.size >= needed)
          } else assert.ok(settled.missing.some(each => ended.has(each)) && settled.come < settled.needed)
          waiting.clear()
        }
      }
    ),
    { numRuns: 500 }
  )
})

barriers.run()
