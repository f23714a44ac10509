/** Which members have clients of tasks. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loaderShortages, loadersAmong, rankLoaders, rerankLoaders } from '../../../node/work/tasks/loaders.ts'
import { specOf } from '../../protocols/samples.ts'

const test = suite('members with clients')

const task = [{ operation: { type: 'http', url: 'http://127.0.0.1/' } }]
const parse = (selector: string) => (member: string) => selector === 'all' || selector.split(',').includes(member)
const ranks = (spec: object, members: string[]) => rankLoaders(specOf(spec), members, parse)

test('all members have clients, or those that the load names, in the order of their ranks', () => {
  assert.equal(ranks({ task }, ['a', 'b']), [0, 1])
  assert.equal(ranks({ task, load: { on: 'b,c' } }, ['a', 'b', 'c']), [undefined, 0, 1])
  assert.equal(ranks({ load: { on: 'b' } }, ['a', 'b']), [undefined, undefined], 'without tasks nobody')
})

test('where nobody fits, the key is named; a run without tasks needs nobody', () => {
  const lacking = (spec: object) => loaderShortages(specOf(spec), ['a'], parse).map(({ path }) => path.join('.'))
  assert.equal(lacking({ task, load: { on: 'z' } }), ['load.on'])
  assert.equal([lacking({ task }), lacking({ load: { on: 'z' } })], [[], []])
})

test('ranks of those that joined have no gap and keep their order', () => {
  const entries = fc.array(fc.record({ load: fc.option(fc.nat(99), { nil: undefined }) }), { maxLength: 20 })
  fc.assert(
    fc.property(entries, given => {
      const ranked = rerankLoaders(given)
      const loads = ranked.flatMap(({ load }) => load ?? [])
      assert.equal(loads, [...loads.keys()])
      assert.equal(
        ranked.map(({ load }) => load == null),
        given.map(({ load }) => load == null)
      )
    })
  )
})

test('those that still take part are in the order of their ranks', () => {
  const roster = [{ peer: 'x', load: 1 }, { peer: 'y' }, { peer: 'z', load: 0 }, { peer: 'w', load: 2 }]
  const active = new Map([
    ['x', ''],
    ['y', ''],
    ['z', '']
  ])
  assert.equal(
    loadersAmong(roster, active).map(({ peer }) => peer),
    ['z', 'x']
  )
})

test.run()
