/** Histograms held against hdr-histogram-js, values and bytes in both directions, and what hostile bytes come to. */
import fc from 'fast-check'
import * as hdr from 'hdr-histogram-js'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { quantileOf } from '../../../protocols/quantiles.ts'
import { bucketOf, indexOf, LogHistogram } from '../../../protocols/tasks/histogram.ts'
import { decodeHistogram, encodeHistogram } from '../../../protocols/tasks/histogram-codec.ts'

const histograms = suite('histograms of three digits')

const of = (values: number[]) => {
  const histogram = new LogHistogram()
  for (const each of values) histogram.record(each)
  return histogram
}
const micros = fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 60_000_000 }))

histograms('each value is in its bucket, which is no wider than a thousandth of it', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), value => {
      const { lowest, width } = bucketOf(indexOf(value))
      assert.ok(lowest <= value && value < lowest + width, `${value}: ${lowest} + ${width}`)
      assert.ok(width === 1 || width <= value / 1_000)
    })
  )
  assert.equal([0, 2_047, 2_048, 2_050].map(indexOf), [0, 2_047, 2_048, 2_049])
})

histograms('quantiles are as those of the values, within a thousandth', () => {
  fc.assert(
    fc.property(fc.array(micros, { minLength: 1, maxLength: 300 }), values => {
      const sorted = [...values].sort((a, b) => a - b)
      const shares = [0, 0.5, 0.9, 0.99, 1]
      for (const [i, found] of of(values).quantiles(shares).entries()) {
        const exact = quantileOf(sorted, shares[i] as number)
        assert.ok(Math.abs(found - exact) <= 0.5 + exact / 1_000, `${found} instead of ${exact}`)
      }
    })
  )
})

histograms('two that are added are as one of all values', () => {
  fc.assert(
    fc.property(fc.array(micros), fc.array(micros), (one, other) => {
      const sum = of(one)
      sum.add(of(other))
      assert.equal([...sum.buckets()], [...of([...one, ...other]).buckets()])
      assert.is(sum.count, one.length + other.length)
    })
  )
})

histograms('bytes are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), values => {
      const read = decodeHistogram(encodeHistogram(of(values)))
      assert.equal([...read.buckets()], [...of(values).buckets()])
    })
  )
})

histograms('hdr-histogram-js reads the same values and counts, and its bytes are read alike', () => {
  fc.assert(
    fc.property(fc.array(micros, { minLength: 1, maxLength: 200 }), values => {
      const theirs = hdr.decodeFromCompressedBase64(Buffer.from(encodeHistogram(of(values))).toString('base64'))
      const own = hdr.build({ highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: 3 })
      for (const each of values) own.recordValue(each)
      assert.is(theirs.totalCount, values.length)
      for (const p of [50, 90, 99, 100]) assert.is(theirs.getValueAtPercentile(p), own.getValueAtPercentile(p))
      const back = decodeHistogram(Buffer.from(hdr.encodeIntoCompressedBase64(own), 'base64'))
      assert.equal([...back.buckets()], [...of(values).buckets()])
    }),
    { numRuns: 30 }
  )
})

histograms('what is no histogram is refused, and costs nothing', () => {
  const good = encodeHistogram(of([1, 5, 1e6]))
  const refused = (bytes: Uint8Array) => assert.throws(() => decodeHistogram(bytes), /histogram cannot be read/)
  refused(new Uint8Array())
  refused(good.subarray(0, 12))
  refused(good.map((byte, i) => (i === 3 ? byte ^ 1 : byte)))
  const four = hdr.build({ numberOfSignificantValueDigits: 4 })
  four.recordValue(7)
  refused(Buffer.from(hdr.encodeIntoCompressedBase64(four), 'base64'))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(good.length - 1), (noise, at) => {
      const bytes = new Uint8Array([...good.subarray(0, at), ...noise])
      try {
        assert.ok(decodeHistogram(bytes).count >= 0)
      } catch (error) {
        assert.match((error as Error).message, /histogram cannot be read/)
      }
    })
  )
})

histograms.run()
