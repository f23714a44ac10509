/** Counts and sums of samples: of whatever blocks they come in, they are the same. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FLAGS, packColumns, type SampleColumns } from '../../../protocols/tasks/sample-block.ts'
import { addTally, emptyTally, tallyColumns, tallyHistograms, tallySamples } from '../../../protocols/tasks/tally.ts'

const test = suite('the tally of samples')

interface Sample {
  flags: number
  latency: number
  service: number
}

export const columnsOf = (samples: Sample[]): SampleColumns => ({
  client: Uint32Array.from(samples, (_, i) => i),
  flags: Uint8Array.from(samples, each => each.flags),
  kind: new Uint8Array(samples.length),
  due: new Float64Array(samples.length),
  latency: Float64Array.from(samples, each => each.latency),
  service: Float64Array.from(samples, each => each.service),
  processing: Float64Array.from(samples, each => each.service),
  sent: new Float64Array(samples.length),
  weight: new Float64Array(samples.length).fill(1)
})

test('warm-up samples are counted and nothing more; of failed ones the times count, too', () => {
  const columns = columnsOf([
    { flags: 0, latency: 1.0004, service: 0.5 },
    { flags: FLAGS.failed, latency: 2.0006, service: 2 },
    { flags: FLAGS.warmup, latency: 100, service: 100 },
    { flags: FLAGS.warmup | FLAGS.failed, latency: 100, service: 100 }
  ])
  const expected = { samples: 2, warmup: 2, failed: 1, latency: 3001, service: 2500 }
  assert.equal(tallyColumns(columns), expected)
  assert.equal(tallySamples({ samples: 4, columns: packColumns(columns), kinds: ['timeout'] }), expected)
})

const sample = fc.record({
  flags: fc.constantFrom(0, 1, 2, 3),
  latency: fc.double({ min: 0, max: 1e6, noNaN: true }),
  service: fc.double({ min: 0, max: 1e6, noNaN: true })
})

test('however samples are cut into blocks, sums are the same', () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 60 }), fc.nat(60), (samples, at) => {
      const parts = emptyTally()
      addTally(parts, tallyColumns(columnsOf(samples.slice(0, at))))
      addTally(parts, tallyColumns(columnsOf(samples.slice(at))))
      assert.equal(parts, tallyColumns(columnsOf(samples)))
    })
  )
})

test('a histogram brings its own sums, and none of warm-up', () => {
  const block = {
    ...{ element: 1, task: 't', second: 3, warmup: false, samples: 7, failed: 2, sums: { latency: 70, service: 35 } },
    ...{ operations: 5, unit: 'ops', errors: [], latency: new Uint8Array(), service: new Uint8Array() },
    processing: new Uint8Array()
  }
  assert.equal(tallyHistograms(block), { samples: 7, warmup: 0, failed: 2, latency: 70, service: 35 })
  assert.equal(tallyHistograms({ ...block, warmup: true }), { ...emptyTally(), warmup: 7 })
})

test('columns of another size are a bad message', () => {
  assert.throws(
    () => tallySamples({ samples: 2, columns: new Uint8Array(54), kinds: [] }),
    (error: { code: string }) => error.code === 'bad-message'
  )
})

test.run()
