import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { lastOf } from '../../node/control/find-run.ts'
import { begunAfter, checkSameSpec } from '../../node/run/run-order.ts'
import type { BakError } from '../../protocols/errors.ts'
import { specOf } from '../protocols/samples.ts'

const order = suite('the order of runs')
order('is the order begun, though several begin in a millisecond and the clock is set back', () => {
  const clock = [1_000, 1_000, 1_000, 400, 1_001, 2_000]
  let last = 0
  const begun = clock.map(now => {
    last = begunAfter(last, now)
    return last
  })
  assert.equal(begun, [1_000, 1_001, 1_002, 1_003, 1_004, 2_000])
})
order('says which was begun last, by what is known best of each', () => {
  const runs = [
    { run: 'b', begun: 3_000 },
    { run: 'a', begun: 3_000 },
    { run: 'b', begun: 2_999 }
  ]
  assert.is(lastOf(runs), 'a')
  assert.is(lastOf(runs, 1), 'b')
  assert.is(lastOf(runs, 2), undefined)
  assert.is(lastOf([]), undefined)
})
order.run()

const keys = suite('a key')
keys('that names a run with the same spec finds it', () => {
  checkSameSpec('k', 'r', specOf({ expect: undefined }), JSON.parse(JSON.stringify(specOf())))
})
for (const [title, more, differing] of [
  ['another command', { command: ['false'] }, 'command'],
  ['other tools and another policy', { tools: ['sar'], policy: { quorum: 2 } }, 'policy, tools'],
  ['more samples', { samples: 2 }, 'samples']
] as const) {
  keys(`that names a run with ${title} is refused, and says what differs`, () => {
    assert.throws(
      () => checkSameSpec('k', 'r', specOf(more), specOf()),
      (error: unknown) =>
        (error as BakError).code === 'busy' &&
        (error as Error).message.startsWith(`key k names run r, which differs in ${differing}: `)
    )
  })
}
keys.run()
