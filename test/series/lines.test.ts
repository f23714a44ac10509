import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_LINE_BYTES, readLines } from '../../node/series/lines.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('lines of a file')
const path = join(scratch(), 'x.txt')

function linesOf(content: string | Uint8Array) {
  writeFileSync(path, content)
  const file = openSync(path, 'r')
  const lines: Array<[text: string, number: number]> = []
  const odd: unknown[] = []
  readLines(file, {
    line: (text, number) => void lines.push([text, number]),
    cut: (text, number) => void odd.push(['cut', text, number]),
    tooLong: number => void odd.push(['too long', number])
  })
  closeSync(file)
  return { lines, odd }
}

test('lines are numbered, with and without a carriage return, and the last one may be cut', () => {
  assert.equal(linesOf('a\r\n\nµ\r\nb'), {
    lines: [
      ['a', 1],
      ['', 2],
      ['µ', 3]
    ],
    odd: [['cut', 'b', 4]]
  })
  assert.equal(linesOf(''), { lines: [], odd: [] })
})

test('a line that is too long is left out, and those around it are there', () => {
  const long = 'x'.repeat(3 * MAX_LINE_BYTES)
  const { lines, odd } = linesOf(`a\n${long}\nb\n${long}`)
  assert.equal(
    [lines, odd],
    [
      [
        ['a', 1],
        ['b', 3]
      ],
      [
        ['too long', 2],
        ['too long', 4]
      ]
    ]
  )
})

test('lines of any length over any borders of portions are those of the file', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 8 }), lengths => {
      const expected = lengths.map((length, i) => String.fromCharCode(97 + i).repeat(length))
      const { lines, odd } = linesOf(expected.map(each => `${each}\n`).join(''))
      assert.equal(odd, [])
      assert.ok(
        lines.length === expected.length && lines.every(([text, number], i) => text === expected[i] && number === i + 1)
      )
    }),
    { numRuns: 30 }
  )
})

test.run()
