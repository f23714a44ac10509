/** The lines that say when output had grown: written, read back in any portions, and refused where they are none. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_TIMES_BYTES, type OutputTime, TimesReader, writeTime } from '../../protocols/output-times.ts'

const test = suite('times of output')

const read = (...portions: (string | Uint8Array)[]) => {
  const reader = new TimesReader()
  return portions.flatMap(portion => reader.push(Buffer.from(portion as string)))
}

test('are read back as they were written, however the file is cut', () => {
  const growing = fc
    .array(fc.record({ at: fc.nat(9999), stdout: fc.nat(1e9), stderr: fc.nat(9) }), { maxLength: 30 })
    .map(steps => {
      let last: OutputTime = { at: 1_764_000_000_000, stdout: 0, stderr: 0 }
      return steps.map(step => {
        last = { at: last.at + step.at, stdout: last.stdout + step.stdout, stderr: last.stderr + step.stderr }
        return last
      })
    })
  fc.assert(
    fc.property(growing, fc.integer({ min: 1, max: 64 }), (times, size) => {
      const text = times.map(writeTime).join('')
      const portions = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size)
      )
      assert.equal(read(...portions), times)
    })
  )
})

test('may end in the middle of a line, which is read when its end has come', () => {
  const reader = new TimesReader()
  assert.equal(reader.push(Buffer.from('5 1 0\n7 2')), [{ at: 5, stdout: 1, stderr: 0 }])
  assert.equal(reader.push(Buffer.from('3 4\n')), [{ at: 7, stdout: 23, stderr: 4 }])
})

for (const [title, text, says] of [
  ['a word', '5 1 x\n', /line 1: expected three numbers, found "5 1 x"/],
  ['a number too few', '1 1 1\n5 1\n', /line 2: expected three numbers/],
  ['a sign', '-5 1 1\n', /expected three numbers/],
  ['another space', '5  1 1\n', /expected three numbers/],
  ['an empty line', '\n', /expected three numbers/],
  ['a number beyond exact ones', '9999999999999999 1 1\n', /a number is too large/],
  ['a time that goes back', '5 1 1\n4 2 2\n', /line 2: 4 2 2 comes after 5 1 1/],
  ['output that shrinks', '5 3 1\n6 2 2\n', /line 2: 6 2 2 comes after 5 3 1/],
  ['a line without an end', '1'.repeat(60), /expected three numbers/],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x0a]), /expected three numbers/]
] as const) {
  test(`with ${title} are damaged`, () => {
    assert.throws(
      () => read(text as string),
      (error: { code: string; message: string }) => error.code === 'damaged' && says.test(error.message)
    )
  })
}

test('of more than their bound are damaged', () => {
  const line = `${writeTime({ at: 1, stdout: 1, stderr: 1 })}`.repeat(1000)
  const reader = new TimesReader()
  assert.throws(() => {
    for (let i = 0; i <= MAX_TIMES_BYTES / line.length; i++) reader.push(Buffer.from(line))
  }, /more than 1048576 bytes/)
})

test.run()
