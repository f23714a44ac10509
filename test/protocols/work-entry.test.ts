/** Which results of workloads a record takes from the answers of members. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RosterEntry } from '../../protocols/manifest.ts'
import { MAX_METRICS } from '../../protocols/metric.ts'
import { entriesOf, fitEntry, MAX_ENTRIES, MAX_RECORD_METRICS, type WorkEntry } from '../../protocols/work-entry.ts'

const test = suite('results of workloads')
const step = { number: 1, name: 'x', sample: 1 }
const roster = ['a', 'b'].map(name => ({
  peer: `id-of-${name}`,
  name,
  workloads: [{ name: 'c', instances: 2, rank: 0 }]
})) as RosterEntry[]
const result = fc.record({
  workload: fc.constantFrom('c', 'other'),
  instance: fc.integer({ min: 0, max: 3 }),
  exit: fc.nat(9),
  role: fc.constant('client' as const),
  duration: fc.constant(1),
  timedOut: fc.constant(false)
})
const answers = fc.array(
  fc.record({
    by: fc.constantFrom('id-of-a', 'id-of-b', 'stranger'),
    value: fc.record({ workloads: fc.array(result) })
  })
)
const keyOf = ({ member, name, instance }: WorkEntry) => `${member}/${name}/${instance}`

test('each instance of the roster has one, the first, whoever says more', () => {
  fc.assert(
    fc.property(answers, given => {
      const found = entriesOf([], step, given, roster)
      assert.is(new Set(found.map(keyOf)).size, found.length)
      for (const each of found) {
        assert.is(each.name, 'c')
        assert.ok(each.instance === 1 || each.instance === 2)
        const all = given
          .filter(({ by }) => by === `id-of-${each.member}`)
          .flatMap(({ value }) => value.workloads)
          .filter(({ workload, instance }) => workload === 'c' && instance === each.instance)
        assert.is(each.exit, all[0]?.exit)
      }
    })
  )
})

test('what is known of a sample is not taken again, and another sample is another', () => {
  fc.assert(
    fc.property(answers, given => {
      const found = entriesOf([], step, given, roster)
      assert.equal(entriesOf(found, step, given, roster), [])
      assert.is(entriesOf(found, { ...step, sample: 2 }, given, roster).length, found.length)
    })
  )
})

test('a record has so many metrics, and entries beyond have none', () => {
  const metrics = Array.from({ length: MAX_METRICS }, (_, i) => ({ name: `m${i}`, value: 1, samples: 1 }))
  const known = {
    step,
    metrics: new Array(MAX_RECORD_METRICS - MAX_METRICS - 1).fill(metrics[0])
  } as unknown as WorkEntry
  const one = { workload: 'c', role: 'client' as const, exit: 0, duration: 1, timedOut: false, metrics }
  const given = [{ by: 'id-of-a', value: { workloads: [1, 2].map(instance => ({ ...one, instance })) } }]
  assert.equal(
    entriesOf([known], { ...step, sample: 2 }, given, roster).map(each => each.metrics?.length),
    [MAX_METRICS, undefined]
  )
})

test('an entry of a task is taken whole, without its metrics, or not at all, as there is room', () => {
  const metrics = Array.from({ length: MAX_METRICS }, (_, i) => ({ name: `m${i}`, value: 1, samples: 1 }))
  const entry: WorkEntry = { step, name: 't', exit: 0, duration: 1, timedOut: false, metrics }
  const { metrics: _, ...bare } = entry
  const many = (count: number, each: WorkEntry) => new Array<WorkEntry>(count).fill(each)
  const full = Math.floor(MAX_RECORD_METRICS / MAX_METRICS)
  assert.equal(fitEntry([], entry), entry)
  assert.equal(fitEntry(many(full - 1, entry), entry), entry)
  assert.equal(fitEntry(many(full, entry), entry), bare)
  assert.equal(fitEntry(many(full, bare), entry), entry)
  assert.is(fitEntry(many(MAX_ENTRIES, bare), entry), undefined)
})

test.run()
