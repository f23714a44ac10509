/** What the clients of one task measured leaves a thread exactly: as blocks up to the share, as histograms beyond. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TaskRecorder } from '../../../../node/work/tasks/driver/task-recorder.ts'
import type { FromThread } from '../../../../node/work/tasks/driver/thread-messages.ts'
import { check } from '../../../../protocols/codec.ts'
import type { LoopSample } from '../../../../protocols/tasks/client-loop.ts'
import { LogHistogram } from '../../../../protocols/tasks/histogram.ts'
import { decodeHistogram } from '../../../../protocols/tasks/histogram-codec.ts'
import { histogramBlock } from '../../../../protocols/tasks/load-stream.ts'
import {
  MAX_BLOCK_SAMPLES,
  MAX_ERROR_KINDS,
  sampleBlock,
  unpackColumns
} from '../../../../protocols/tasks/sample-block.ts'
import { addTally, emptyTally, tallyHistograms, tallySamples } from '../../../../protocols/tasks/tally.ts'

const recorder = suite('the recorder of a task')

const ms = fc.double({ min: 0, max: 20_000, noNaN: true })
const sample: fc.Arbitrary<LoopSample> = fc.record({
  ...{ due: ms, sent: ms, latency: ms, service: ms, processing: ms, weight: fc.nat(9), isWarmup: fc.boolean() },
  unit: fc.constantFrom('ops', 'docs'),
  failed: fc.option(fc.constantFrom('timeout', 'ECONNRESET'), { nil: undefined })
})

recorder('each sample is in one block or one histogram, whatever the share is and whenever it is flushed', () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 300 }), fc.nat(300), fc.array(fc.nat(300)), (samples, share, flushes) => {
      const { it, said } = recorderOf(share)
      const expected = emptyTally()
      for (const [i, each] of samples.entries()) {
        it.record(each, i % 7, 0)
        addTally(expected, tallyOf(each))
        if (flushes.includes(i)) it.flush(each.sent)
      }
      it.flush()
      const sum = emptyTally()
      let exact = 0
      for (const message of said) {
        if (message.type === 'samples') {
          exact += message.block.samples
          addTally(sum, tallySamples(check(sampleBlock, message.block)))
        }
        if (message.type !== 'histograms') continue
        const block = check(histogramBlock, message.block)
        addTally(sum, tallyHistograms(block))
        for (const which of ['latency', 'service', 'processing'] as const)
          assert.is(decodeHistogram(block[which]).count, block.samples)
        assert.is(
          block.errors.reduce((total, each) => total + each.count, 0),
          block.failed
        )
      }
      // failures of warm-up are in the histogram of that, and not in the tally
      assert.equal(sum, expected)
      assert.is(exact, Math.min(share, samples.length))
      assert.is(it.done, samples.length)
    }),
    { numRuns: 100 }
  )
})

recorder('values, clients and kinds of errors come as they were; a block holds one unit and no more than fits', () => {
  const { it, said } = recorderOf(1e6)
  const base = { due: 5, sent: 6, latency: 4, service: 3, processing: 3.5, weight: 2, isWarmup: false }
  for (let i = 0; i < MAX_BLOCK_SAMPLES + 1; i++) it.record({ ...base, unit: 'ops', failed: `error ${i % 100}` }, i, 10)
  it.record({ ...base, unit: 'docs', failed: undefined }, 1, 10)
  it.flush()
  const blocks = said.flatMap(each => (each.type === 'samples' ? [each.block] : []))
  assert.equal(
    blocks.map(({ samples, unit }) => [samples, unit]),
    [
      [MAX_BLOCK_SAMPLES, 'ops'],
      [1, 'ops'],
      [1, 'docs']
    ]
  )
  const [first] = blocks
  assert.is(first?.kinds.length, MAX_ERROR_KINDS)
  assert.is(first?.kinds.at(-1), 'other')
  const columns = unpackColumns(check(sampleBlock, first))
  assert.is(first?.kinds[columns.kind[3] ?? 0], 'error 3')
  assert.is(first?.kinds[columns.kind[99] ?? 0], 'other')
  const { due, sent, latency, service, processing, weight, client } = columns
  assert.equal(
    [due, sent, latency, service, processing, weight, client].map(each => each[3]),
    [15, 16, 4, 3, 3.5, 2, 3]
  )
})

recorder.run()

function recorderOf(share: number) {
  const said: FromThread[] = []
  const left = new Int32Array(new SharedArrayBuffer(4)).fill(share)
  const of = { element: 1, task: 'read', place: 0, left, isRaw: false, overhead: new LogHistogram() }
  return { it: new TaskRecorder({ ...of, post: message => said.push(message) }), said }
}

function tallyOf({ isWarmup, failed, latency, service }: LoopSample) {
  if (isWarmup) return { ...emptyTally(), warmup: 1 }
  const sums = { latency: Math.round(latency * 1_000), service: Math.round(service * 1_000) }
  return { samples: 1, warmup: 0, failed: failed == null ? 0 : 1, ...sums }
}
