import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encode } from '../../protocols/codec.ts'
import type { RunLine } from '../../protocols/control.ts'
import { cutRunList, MAX_LISTED, runListProtocol } from '../../protocols/run-list.ts'
import { controller } from './samples.ts'

const lists = suite('lists of runs for other peers')

const lineOf = (i: number, more: Partial<RunLine> = {}): RunLine => ({
  ...{ run: `20261122T213015-${String(i).padStart(6, '0')}`, name: 'x', state: 'ended', partial: false, begun: i },
  ...{ excluded: [], beside: [], controller: { peer: controller.peer, name: 'a' } },
  ...more
})
const linesOf = (count: number, more?: Partial<RunLine>) => Array.from({ length: count }, (_, i) => lineOf(i, more))

lists('all of a few are told', () => {
  assert.equal(cutRunList([]), { runs: [] })
  assert.equal(cutRunList(linesOf(3)), { runs: linesOf(3) })
})

lists('of many the newest are told, and that there are more', () => {
  const { runs, more } = cutRunList(linesOf(MAX_LISTED + 5))
  assert.equal([runs.length, runs.at(-1)?.begun, more], [MAX_LISTED, MAX_LISTED + 4, true])
})

lists('of long ones as many as fit into a frame', () => {
  const tags = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, 'ü'.repeat(500)]))
  const { runs, more } = cutRunList(linesOf(100, { tags }))
  assert.is(more, true)
  assert.ok(runs.length > 5 && runs.length < 100, String(runs.length))
  assert.ok(encode({ runs, more }).length < runListProtocol.maxFrame, 'its frame')
})

lists.run()
