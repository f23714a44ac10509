/** Tables and facts are no wider than the terminal. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatFacts, formatNote, formatTable } from '../../protocols/text-table.ts'

const head = ['RUN', 'NAME', 'VERDICT', 'EXCLUDED']
const rows = [
  ['r1', 'smoke', 'ok', undefined],
  ['r2', undefined, 'quorum not met', 'b (stop: lost), c (start: tool-failed)']
]

test('columns are padded, an empty cell is a dash, and control characters are gone', () => {
  const table = formatTable(
    ['A', 'LONG'],
    [
      ['xyz', undefined],
      [1, 'b\u001b[2J\nc']
    ]
  )
  assert.is(table, 'A    LONG\nxyz  -\n1    b [2J c')
})

test('a table that fits is not folded', () => {
  assert.is(formatTable(head, rows, 80).split('\n').length, 3)
  assert.is(formatTable(head, rows).split('\n').length, 3)
})

test('a first cell that is too wide is folded between its words', () => {
  assert.is(
    formatTable(['REMARK'], [['one iteration of each task'], ['short']], 20),
    ['REMARK', 'one iteration of', '    each task', 'short'].join('\n')
  )
})

test('columns that do not fit follow below their row, with their heads, without empty cells', () => {
  assert.is(
    formatTable(head, rows, 40),
    [
      'RUN  NAME   VERDICT',
      'r1   smoke  ok',
      'r2   -      quorum not met',
      '    excluded: b (stop: lost), c (start:',
      '    tool-failed)'
    ].join('\n')
  )
})

test('no line is wider than the terminal, unless a word is', () => {
  for (const width of [12, 20, 33, 40, 60, 80]) {
    for (const line of formatTable(head, rows, width).split('\n')) {
      assert.ok(line.length <= width || !line.trim().includes(' '), `${width}: ${line}`)
    }
  }
})

test('facts without a value are left out, and long ones are folded under their value', () => {
  assert.is(formatFacts({ a: 1, none: undefined, long: 'x', empty: '' }), 'a:    1\nlong: x')
  assert.is(formatFacts({ tools: 'proc, vmstat, sar', a: 'x' }, 20), 'tools: proc, vmstat,\n       sar\na:     x')
})

test('a line does not end between a number and its unit, unless they are wider than the terminal', () => {
  assert.is(formatNote('busy (79.4 MiB/s, 16.8 k requests/s)', 31), 'busy (79.4 MiB/s,\n    16.8 k requests/s)')
  assert.is(formatNote('median of 3 samples', 15), 'median of\n    3 samples')
  assert.is(formatNote('processors 1 2 3 4 5 6', 18), 'processors 1 2\n    3 4 5 6')
  assert.is(formatNote('1 wordthatislong', 14), '1\n    wordthatislong')
})

test.run()
