/** The one rule for cells of comma-separated values. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CsvCell, csvCell, csvLine, splitCsv } from '../../protocols/csv.ts'

const test = suite('cells of comma-separated values')

const table: Array<[title: string, cell: CsvCell, text: string]> = [
  ['a word is itself', 'sda', 'sda'],
  ['a number has all its digits', 0.1 + 0.2, '0.30000000000000004'],
  ['what is no number is an empty cell', Number.NaN, ''],
  ['nothing is an empty cell', undefined, ''],
  ['a comma is in quotes', '/mnt/a,b', '"/mnt/a,b"'],
  ['a quote is doubled', '{"cpu":"0"}', '"{""cpu"":""0""}"'],
  ['blanks at the ends are kept', ' x ', '" x "'],
  ['an end of a line, and what a terminal obeys, is a blank', 'a\r\nb\u001b[2J', 'a b [2J'],
  ['a formula is a text', '=1+1', "'=1+1"],
  ['so is one that begins with a sign', "-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"],
  ['a negative number is none', '-1.5e3', '-1.5e3'],
  ['a name with a dash is none', '-.mount', '-.mount']
]
for (const [title, cell, text] of table) test(title, () => assert.is(csvCell(cell), text))

test('what is written is read back, in one line', () => {
  const words = fc.string({ unit: 'grapheme' }).filter(text => csvCell(text).startsWith("'") === text.startsWith("'"))
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 6 }), cells => {
      const line = csvLine(cells)
      assert.not.match(line, /[\r\n]/)
      const read = splitCsv(line) as string[]
      assert.is(read.length, cells.length)
      for (const [i, cell] of cells.entries()) if (/^[ -~]*$/.test(cell)) assert.is(read[i], cell)
    })
  )
})

test('a quote that is not closed is no row', () => assert.is(splitCsv('a,"b'), undefined))

test.run()
