/** Bytes that are cut into lines. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LineReader } from '../../../node/work/calls/line-reader.ts'

const reader = suite('lines out of bytes')

/** What comes of pieces: lines, and `too long` where one was refused. */
function linesOf(pieces: Buffer[], most: number): string[] {
  const lines = new LineReader(most)
  const all: string[] = []
  for (const piece of pieces) {
    lines.push(piece)
    for (;;) {
      try {
        const line = lines.next()
        if (line == null) break
        all.push(line)
      } catch {
        all.push('too long')
      }
    }
    assert.ok(lines.waiting <= most, `${lines.waiting} bytes are held`)
  }
  return all
}

reader('lines are the same, however the bytes come', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'b', '\r', 'é'), maxLength: 14 })
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (texts, sizes) => {
        const bytes = Buffer.from(texts.map(each => `${each}\n`).join(''))
        const pieces: Buffer[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] as number
          pieces.push(bytes.subarray(at, at + size))
          at += size
        }
        const expected = texts
          .map(each => Buffer.from(each).toString('latin1'))
          .flatMap(each =>
            each.length > 10 ? ['too long'] : each.replace(/\r$/, '') === '' ? [] : [each.replace(/\r$/, '')]
          )
        assert.equal(linesOf(pieces, 10), expected)
        assert.equal(linesOf([bytes], 10), expected)
      }
    )
  )
})

reader('a line without an end is refused once and not kept', () => {
  assert.equal(linesOf([Buffer.alloc(1_000, 'x'), Buffer.alloc(1_000, 'y'), Buffer.from('\nok\n')], 100), [
    'too long',
    'ok'
  ])
})

reader('a hundred thousand empty lines are nothing', () => {
  assert.equal(linesOf([Buffer.from(`${'\n'.repeat(100_000)}x\n`)], 200_000), ['x'])
})

reader.run()
