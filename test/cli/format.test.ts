import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { formatAge, formatBytes, formatCommand, formatDuration, formatObserved, formatShare } from '../../cli/format.ts'

const cases: [(value: number) => string, number, string][] = [
  [formatBytes, 0, '0 B'],
  [formatBytes, 1023, '1023 B'],
  [formatBytes, 1024, '1.0 KiB'],
  [formatBytes, 3.1 * 2 ** 20, '3.1 MiB'],
  [formatBytes, 200 * 2 ** 30, '200 GiB'],
  [formatDuration, 0.4, '0 ms'],
  [formatDuration, 128.4, '128 ms'],
  [formatDuration, 999.7, '1.0 s'],
  [formatDuration, 59_960, '1 min 0 s'],
  [formatDuration, 12_340, '12.3 s'],
  [formatDuration, 125_000, '2 min 5 s'],
  [formatDuration, 12_000_000, '3 h 20 min'],
  [formatDuration, 4 * 86_400_000 + 7_200_000, '4 d 2 h'],
  [formatAge, -5, '0 s'],
  [formatAge, 45_900, '45 s'],
  [formatAge, 3_599_000, '59 min'],
  [formatAge, 86_400_000, '1 d'],
  [formatShare, 0, '0.00 %'],
  [formatShare, 0.0004, '0.04 %'],
  [formatShare, 0.25, '25 %']
]

for (const [format, value, text] of cases) {
  test(`${format.name}(${value}) is ${text}`, () => assert.is(format(value), text))
}

test('the cost of observation is one line', () => {
  const cost = { name: 'n3', daemon: 0.0004, tools: 0.1, switches: 31.4, sent: 8192, received: 4096 }
  const line = '0.04 % of a core, 12.0 KiB, 31 context switches a second on n3, the costliest member'
  assert.is(formatObserved(cost), line)
})

test('a command is shown as it is typed', () => {
  assert.is(formatCommand(['a', 'b c', "it's", '']), "a 'b c' 'it'\\''s' ''")
  assert.is(formatCommand('a | b'), 'a | b')
})

test.run()
