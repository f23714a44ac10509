/** In which order metrics are read. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { byRank, mainOf } from '../../../cli/result/foremost.ts'
import type { MetricSamples } from '../../../protocols/metric-samples.ts'

const test = suite('the order of metrics')

type Ranked = Pick<MetricSamples, 'metric' | 'better' | 'main'>

const less = (metric: string, marks: Partial<Ranked> = {}): Ranked => ({ metric, better: 'less', ...marks })
const more = (metric: string, marks: Partial<Ranked> = {}): Ranked => ({ metric, better: 'more', ...marks })
const main = { main: true } as const

const orders: Array<[string, Ranked[]]> = [
  ['main ones are before all others', [less('rtt.max', main), more('sent'), less('p99')]],
  ['a throughput is before a latency, and a tail before a mean', [more('iops'), less('clat.p99'), less('clat.mean')]],
  ['what should not happen is last', [more('iops'), { metric: 'score' }, less('clat.max'), less('retransmits')]],
  ['so it is among the main ones', [more('iops', main), { metric: 'score', ...main }, less('clat.p99', main)]]
]
for (const [title, ordered] of orders) {
  test(title, () => {
    assert.equal(ordered.toReversed().sort(byRank), ordered)
    assert.equal(ordered.toSorted(byRank), ordered)
  })
}

test('where none is marked, all are the main ones', () => {
  const all = [more('a'), less('b')]
  assert.equal(mainOf(all), all)
  assert.equal(mainOf([...all, less('c', main)]), [less('c', main)])
})

test.run()
