import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AckBatches } from '../../node/channels/ack-batches.ts'
import { encode } from '../../protocols/codec.ts'
import type { Envelope } from '../../protocols/envelope.ts'
import { MAX_BATCH_ACKS, MAX_BATCH_BYTES, runStreamProtocol } from '../../protocols/run-stream.ts'
import { member } from '../protocols/samples.ts'

const test = suite('the filter of acknowledgements')

let made = 0
/** An envelope that no other is equal to. */
const envelopeOf = (bytes: number): Envelope => {
  const signature = new Uint8Array(64)
  new DataView(signature.buffer).setUint32(0, ++made)
  return { by: member.peer, body: new Uint8Array(bytes), signature }
}

/** What arrives in turn: acknowledgements, or the instant at which the filter is emptied. */
const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 70_000 }) }
)
const steps = fc.array(
  fc.oneof(
    fc.array(size, { maxLength: 40 }).map(sizes => ({ sizes })),
    fc.constant('flush' as const)
  ),
  { maxLength: 30 }
)

test('nothing is lost, nothing comes twice, all stays in order, and every batch is within its bounds', () => {
  fc.assert(
    fc.property(steps, all => {
      const filter = new AckBatches()
      const taken: Envelope[] = []
      const batches: Envelope[][] = []
      for (const step of all) {
        if (step === 'flush') batches.push(...filter.flush())
        else {
          const acks = step.sizes.map(envelopeOf)
          taken.push(...acks)
          filter.take(member.peer, acks)
        }
      }
      batches.push(...filter.flush())
      const out = batches.flat()
      assert.is(out.length, taken.length)
      assert.ok(out.every((ack, i) => ack === taken[i]))
      for (const batch of batches) {
        assert.ok(batch.length > 0 && batch.length <= MAX_BATCH_ACKS, `${batch.length} acknowledgements`)
        const bytes = encode({ type: 'acks', sealed: batch }).length
        assert.ok(batch.length === 1 || bytes <= MAX_BATCH_BYTES, `${bytes} bytes of ${batch.length}`)
        assert.ok(bytes <= (runStreamProtocol.maxRequest ?? 0), `${bytes} bytes in one frame`)
      }
      assert.equal(filter.flush(), [])
    }),
    { numRuns: 200 }
  )
})

test('a batch is as full as its bounds allow', () => {
  const filter = new AckBatches()
  filter.take(
    member.peer,
    Array.from({ length: 2 * MAX_BATCH_ACKS + 1 }, () => envelopeOf(10))
  )
  assert.equal(
    filter.flush().map(batch => batch.length),
    [MAX_BATCH_ACKS, MAX_BATCH_ACKS, 1]
  )
})
test.run()
