import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RunLine } from '../../../protocols/control.ts'
import { BakError } from '../../../protocols/errors.ts'
import { readKeep } from '../../../protocols/where/keep.ts'
import { readOrder, readWhere } from '../../../protocols/where/where.ts'
import { MAX_EXPRESSION } from '../../../protocols/where/words.ts'

const where = suite('expressions about runs')

const NOW = Date.UTC(2026, 10, 30)
const DAY = 86_400_000
const PEER = '12D3KooWGBfMVCN1C5bRUyoDvZTH2SzLrKFhEYw7sYbnyBLZ9xLp'
const lineOf = (run: string, more: Partial<RunLine> = {}): RunLine => ({
  ...{ run: `2026112${run}T213015-aaaaaa`, name: 'fio', state: 'ended', verdict: 'ok', partial: false },
  ...{ excluded: [], beside: [], controller: { peer: PEER, name: 'ctl' }, begun: NOW - DAY },
  ...more
})

const runs: Record<string, RunLine> = {
  a: lineOf('1', {
    ...{ tags: { kernel: '6.18', 'git.branch': 'main/x', bs: '4' }, bytes: 2 ** 30, took: 90_000, members: 3 },
    created: Date.UTC(2026, 10, 22, 21, 30, 15)
  }),
  b: lineOf('2', {
    ...{ name: 'fio-4k', verdict: 'workload-failed', partial: true, tags: { kernel: '6.9', bs: '16' } },
    ...{ bytes: 100, took: 5_000, members: 64, created: Date.UTC(2026, 10, 29), at: 'arch' },
    excluded: [{ peer: PEER, name: 'x', phase: 'work', code: 'lost', reason: 'gone' }]
  }),
  c: lineOf('3', { name: 'say "hi"', state: 'running', verdict: undefined, created: NOW })
}
const fitting = (expression: string) =>
  Object.entries(runs)
    .filter(([, line]) => readWhere(expression)(line, NOW))
    .map(([key]) => key)
    .join('')

const table: Array<[string, string]> = [
  ['name = fio', 'a'],
  ['name == "fio"', 'a'],
  ["name != 'fio'", 'bc'],
  ['name ~ fio*', 'ab'],
  ['name !~ "fio*"', 'c'],
  ['name = "say \\"hi\\""', 'c'],
  ['tags.kernel = "6.18" and name = "fio"', 'a'],
  ['tags.kernel = 6.18', 'a'],
  ['tags.kernel', 'ab'],
  ['not tags.kernel', 'c'],
  ['tags.kernel != 6.18', 'bc'],
  // as a number 6.9 is more than 6.18, as a version it is less
  ['tags.kernel > 6.18', 'b'],
  ['tags.kernel > "6.9"', 'a'],
  ['tags.bs >= 16', 'b'],
  ['tags.bs < 16', 'a'],
  ['tags.git.branch ~ "main*"', 'a'],
  ['tags.constructor', ''],
  ['verdict = ok', 'a'],
  ['verdict != ok', 'bc'],
  ['state = running', 'c'],
  ['partial', 'b'],
  ['not partial', 'ac'],
  ['partial = false', 'ac'],
  ['excluded > 0', 'b'],
  ['members >= 3', 'ab'],
  ['at = arch', 'b'],
  ['at', 'b'],
  ['bytes >= 1GiB', 'a'],
  ['bytes < 1kB', 'b'],
  ['took > 1m', 'a'],
  ['took <= 5000ms', 'b'],
  ['age < 36h', 'bc'],
  ['created = 2026-11-22', 'a'],
  ['created = "2026-11-22 21:30"', 'a'],
  ['created > 2026-11-22', 'bc'],
  ['created >= 2026-11-22', 'abc'],
  ['created < 2026-11-22T21:30:15', ''],
  ['created <= 2026-11-22T21:30:15Z', 'a'],
  ['name = fio or partial and members > 100', 'a'],
  ['(name = fio or partial) and members > 10', 'b'],
  ['NOT (name = fio OR partial)', 'c'],
  ['not not partial', 'b']
]

for (const [expression, expected] of table)
  where(`${expression} fits ${expected || 'none'}`, () => assert.is(fitting(expression), expected))

const mistakes: Array<[string, RegExp]> = [
  ['', /^expected a field, and found the end\. Fields are run, name, .*tags\.KEY \(column 1\)$/],
  ['verdct = ok', /^there is no field verdct; did you mean verdict\? Fields are .* \(column 1\)$/],
  ['verdict = okay', /^verdict is never "okay": it is ok, workload-failed, .* \(column 11\)$/],
  ['members > many', /^members is a number, and "many" is not \(column 11\)$/],
  ['took > 5', /^took is a time such as 500ms, 90s, 15m, 2h or 7d, and "5" is not \(column 8\)$/],
  ['bytes > 5 MiB', /^expected and, or, or the end, and found MiB \(column 11\)$/],
  ['created > yesterday', /^created is a date in UTC .*, and "yesterday" is not/],
  ['members ~ 3*', /^~ is for texts, and members is a number/],
  ['name =', /^expected a text after =, and found the end \(column 7\)$/],
  ['name = and', /^expected a text after =, and found and \(column 8\)$/],
  ['(name = fio', /^expected \), and found the end \(column 12\)$/],
  ['name = fio)', /^expected and, or, or the end, and found \) \(column 11\)$/],
  ['name = "fio', /^the text that begins with " has no end \(column 8\)$/],
  ['! partial', /^! is no operator: != or not \(column 1\)$/],
  ['"name" = fio', /^expected a field, and found "name"/],
  ['tags. = 1', /^there is no field tags\./],
  [`${'('.repeat(100)}partial`, /^more than 64 parentheses in each other \(column 66\)$/],
  [`name = ${'x'.repeat(MAX_EXPRESSION)}`, /^an expression has at most 4096 characters/]
]

for (const [expression, what] of mistakes)
  where(`${expression.slice(0, 40)} is refused with what is wrong and where`, () =>
    assert.throws(
      () => readWhere(expression),
      (error: BakError) => error.code === 'usage' && what.test(error.message)
    )
  )

where('any text is an expression or a mistake in words, never another error', () => {
  const word = fc.constantFrom(
    'name',
    'tags.a',
    'partial',
    'and',
    'or',
    'not',
    '(',
    ')',
    '=',
    '~',
    '<',
    '"x"',
    '5m',
    ' '
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(word).map(words => words.join(' '))
  )
  fc.assert(
    fc.property(text, expression => {
      try {
        assert.type(readWhere(expression)(runs.a as RunLine, NOW), 'boolean')
      } catch (error) {
        assert.instance(error, BakError)
      }
    })
  )
})

where('many stars take no time', () => {
  const fits = readWhere(`name ~ "${'*a'.repeat(500)}b"`)
  const began = performance.now()
  assert.is(fits(lineOf('1', { name: 'a'.repeat(64) }), NOW), false)
  assert.ok(performance.now() - began < 1_000)
})

const orderOf = (text: string) => {
  const order = readOrder(text)
  return Object.entries(runs)
    .sort(([, a], [, b]) => order(a, b, NOW))
    .map(([key]) => key)
    .join('')
}

where('runs are ordered by several fields; who lacks the field comes last, whatever the direction', () => {
  assert.is(orderOf('took'), 'bac')
  assert.is(orderOf('-took'), 'abc')
  assert.is(orderOf('tags.kernel'), 'bac', '6.9 before 6.18')
  assert.is(orderOf('-tags.kernel'), 'abc')
  assert.is(orderOf('controller, -created'), 'cba')
  assert.is(orderOf('age'), 'cba')
  assert.throws(() => readOrder('took,wrong'), /there is no field wrong\. Fields are .*\(column 6\)/)
  assert.throws(() => readOrder(''), /there is no field/)
})

const keptBy = (text: string) =>
  readKeep(text)(Object.values(runs), NOW)
    .map(line => Object.keys(runs).find(key => runs[key] === line))
    .join('')

where('results stay by number, by age, or by an expression', () => {
  assert.is(keptBy('2'), 'bc')
  assert.is(keptBy('0'), '')
  assert.is(keptBy('99'), 'abc')
  assert.is(keptBy('2d'), 'bc')
  assert.is(keptBy('tags.kernel'), 'ab')
  assert.throws(() => readKeep(''), /expected a field/)
  assert.throws(() => readKeep('30x'), /30x: expected a time/)
})

where.run()
