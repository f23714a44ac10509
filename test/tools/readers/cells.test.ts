/** Numbers, names and times in what tools print. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { grownBy } from '../../../node/series/counter.ts'
import { nameOf, numberIn, sizeIn, wordsOf } from '../../../node/tools/readers/cells.ts'
import { DayTimes, isoTime, withinSecond } from '../../../node/tools/readers/printed-times.ts'

const test = suite('cells and times')

const numbers: Array<[text: string, number: number]> = [
  ['50.25', 50.25],
  ['50,25', 50.25],
  ['-1', -1],
  ['', Number.NaN],
  ['x', Number.NaN],
  ['1,2,3', Number.NaN]
]
for (const [text, number] of numbers) {
  test(`the number in ${JSON.stringify(text)}`, () => assert.equal(numberIn(text), number))
}

const sizes: Array<[text: string, base: 1000 | 1024, bytes: number]> = [
  ['704.5kB', 1000, 704500],
  ['1.5MiB', 1000, 1.5 * 1024 * 1024],
  ['4.0k', 1024, 4096],
  ['0B', 1000, 0],
  ['17', 1000, 17],
  ['--', 1000, Number.NaN],
  ['1.5 MB/s', 1000, Number.NaN]
]
for (const [text, base, bytes] of sizes) {
  test(`the size in ${text}`, () => assert.equal(sizeIn(text, base), bytes))
}

const names: Array<[column: string, name: string]> = [
  ['Active(anon)', 'active_anon'],
  ['%vmeff', 'vmeff'],
  ['pgscank/s', 'pgscank'],
  ['runq-sz', 'runq_sz'],
  ['cpu/event=0x3c,umask=0x0/', 'cpu_event_0x3c_umask_0x0']
]
for (const [column, name] of names) test(`the name of ${column}`, () => assert.is(nameOf(column), name))

test('the last of so many words is the rest of the line', () => {
  assert.equal(wordsOf('  1  22 Web  Content ', 0, 3), ['1', '22', 'Web  Content'])
  assert.equal(wordsOf('1 22', 0, 3), ['1', '22'])
  assert.equal(wordsOf('ab\tc d', 2), ['c', 'd'])
  assert.equal(wordsOf(''), [])
})

test('an instant within a second that was printed is in that second, and at a multiple of the interval if one is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 0, max: 500 }),
      (began, interval, samples) => {
        const due = began + samples * interval * 1000
        const second = Math.floor(due / 1000) * 1000
        assert.is(withinSecond(second, { began, interval }), due)
        const other = withinSecond(second + 5000, { began, interval })
        assert.ok(other >= second + 5000 && other < second + 6000)
      }
    )
  )
})

test('times of a day go on over midnight, forward and back, with 12 and with 24 hours', () => {
  const times = new DayTimes(Date.parse('2026-11-30T23:59:00Z'))
  const read = (text: string) => {
    const found = times.read(text)
    return found && new Date(found.at).toISOString()
  }
  assert.is(read('11:59:59 PM  all 1.00'), '2026-11-30T23:59:59.000Z')
  assert.is(read('12:00:00 AM  all 1.00'), '2026-12-01T00:00:00.000Z')
  assert.is(read('23:59:59.250 all'), '2026-11-30T23:59:59.250Z')
  assert.is(read('00:00:01'), '2026-12-01T00:00:01.000Z')
  assert.is(read('11:30:00 AM'), '2026-12-01T11:30:00.000Z')
  assert.is(read('Average: all'), undefined)
  assert.is(read('1:2'), undefined)
})

const isos: Array<[text: string, is: string | undefined]> = [
  ['2026-12-01T01:33:34+0000', '2026-12-01T01:33:34.000Z'],
  ['2026-12-01T01:33:34+0130', '2026-12-01T00:03:34.000Z'],
  ['2026-12-01 01:33:34.125', '2026-12-01T01:33:34.125Z'],
  ['2026-12-01 01:3', undefined],
  ['12/01/2026 01:33:34', undefined]
]
for (const [text, is] of isos) {
  test(`the time ${text}`, () => {
    const time = isoTime(text)
    assert.is(Number.isNaN(time) ? undefined : new Date(time).toISOString(), is)
  })
}

test('a counter that was set back has not grown; one of 32 bits that wrapped has', () => {
  assert.is(grownBy(5, 7), 2)
  assert.ok(Number.isNaN(grownBy(7, 5)))
  assert.is(grownBy(2 ** 32 - 3, 4, 32), 7)
  assert.ok(Number.isNaN(grownBy(2 ** 32 - 3, 4)))
  assert.ok(Number.isNaN(grownBy(1000, 4, 32)))
  assert.ok(Number.isNaN(grownBy(Number.NaN, 4, 32)))
})

test.run()
