/** What a workload says now, out of portions of its output. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MarkedLines } from '../../../node/work/stated/marked-lines.ts'
import { StatedNow } from '../../../node/work/stated/stated-now.ts'
import type { Stated } from '../../../protocols/metric.ts'

const test = suite('lines that a workload states, read along')

/** @returns what is told of these portions, which follow each other */
function told(...portions: string[]): Stated[] {
  const said: Stated[] = []
  const now = new StatedNow(each => said.push(each))
  let offset = 0
  for (const portion of portions) {
    now.push(Buffer.from(portion), offset)
    offset += Buffer.byteLength(portion)
  }
  return said
}

test('phase and progress are told as they change, and a new phase has no progress yet', () => {
  assert.equal(told('#BAK:PHASE ramp\n', '#BAK:PROGRESS 10\n', 'x\n#BAK:PROGRESS 10 %\n', '#BAK:PHASE load\n'), [
    { phase: 'ramp' },
    { phase: 'ramp', progress: 10 },
    { phase: 'load' }
  ])
})

test('of one portion the last is told, however many there are', () => {
  const many = Array.from({ length: 101 }, (_, i) => `#BAK:PROGRESS ${i}\n`).join('')
  assert.equal(told(many), [{ progress: 100 }])
})

test('behind what was left out a line counts from the next end of a line', () => {
  const said: Stated[] = []
  const now = new StatedNow(each => said.push(each))
  now.push(Buffer.from('#BAK:PROG'), 0)
  now.push(Buffer.from('#BAK:PROGRESS 1\n#BAK:PROGRESS 2\n'), 100)
  assert.equal(said, [{ progress: 2 }])
})

test('a line is found once, wherever the bytes are cut', () => {
  const text = 'a\n#BAK:PHASE one\nb #BAK:PHASE no\n#BAK:PROGRESS 5\n\n#BAK:METRIC a=1 s\n#BAK:'
  const bytes = Buffer.from(text)
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: bytes.length })), cuts => {
      const found: string[] = []
      const lines = new MarkedLines(({ text: each }) => found.push(each))
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      for (let i = 1; i < at.length; i++) lines.push(bytes.subarray(at[i - 1], at[i]))
      lines.end()
      assert.equal(found, ['PHASE one', 'PROGRESS 5', 'METRIC a=1 s', ''])
    })
  )
})

test.run()
