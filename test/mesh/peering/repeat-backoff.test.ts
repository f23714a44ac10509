import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RepeatBackoff } from '../../../node/mesh/peering/repeat-backoff.ts'

const seldom = suite('saying something seldom')

/** @returns the seconds at which it is said, asked once a second */
function saidAt(each: RepeatBackoff, from: number, to: number): number[] {
  const seconds = Array.from({ length: to - from }, (_, i) => from + i)
  return seconds.filter(second => each.due(second * 1_000))
}

seldom('is said at once, then after 60 s, then after twice as long each time, but once an hour at least', () => {
  const each = new RepeatBackoff({ first: 60_000, most: 3_600_000 })
  assert.equal(saidAt(each, 0, 16_000), [0, 60, 180, 420, 900, 1860, 3780, 7380, 10980, 14580])
})

seldom('when it is over, the next time is said at once', () => {
  const each = new RepeatBackoff({ first: 60_000, most: 3_600_000 })
  saidAt(each, 0, 500)
  each.reset()
  assert.equal(saidAt(each, 500, 700), [500, 560, 680])
})
seldom.run()
