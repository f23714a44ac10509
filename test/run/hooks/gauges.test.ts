import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { noteGauges, samplesOf } from '../../../node/run/hooks/gauges.ts'
import type { Signed } from '../../../protocols/envelope.ts'
import type { Gauged } from '../../../protocols/gauge.ts'
import type { Ack } from '../../../protocols/phase.ts'
import type { RunRecord } from '../../../protocols/record.ts'

const gauges = suite('the times of the gauge in the record of a run')

const reading = (integer: number) => ({ integer, memory: 1, disk: 0.1, held: 0 })
const gauged = (integer?: number): Gauged => ({
  ...{ version: 1, model: 'X', took: 200 },
  ...(integer == null ? {} : { reading: reading(integer) })
})
const ack = (by: string, gauge?: Gauged) => ({ by, value: { gauge } }) as Signed<Ack>
const step = (sample: number) => ({ number: 1, name: 'default', sample })

gauges('has a sample each, with what each member told before and after it', () => {
  const all: NonNullable<RunRecord['gauges']> = []
  noteGauges(all, step(1), 'before', [ack('a', gauged(5)), ack('b', gauged())], peer => peer)
  noteGauges(all, step(1), 'after', [ack('b', gauged(7)), ack('a', gauged(6)), ack('c')], peer => peer)
  noteGauges(all, step(2), 'before', [ack('a', gauged(8))], peer => peer)
  assert.equal(samplesOf(all), [
    {
      sample: '1-default/sample1',
      members: [
        { name: 'a', model: 'X', usual: undefined, before: reading(5), after: reading(6) },
        { name: 'b', model: 'X', usual: undefined, before: undefined, after: reading(7) }
      ]
    },
    { sample: '1-default/sample2', members: [{ name: 'a', model: 'X', usual: undefined, before: reading(8) }] }
  ])
})

gauges.run()
