import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkThrift } from '../../../protocols/series/check-thrift.ts'
import { openSeries } from '../../../protocols/series/read-series.ts'
import { scratch } from '../../store/scratch.ts'

const test = suite('the check of Thrift')

/** 30 million as a varint. */
const MILLIONS = [0x80, 0x87, 0xa7, 0x0e]
const listsInLists = (depth: number) => [0x19, ...Array.from({ length: depth }, () => [0xf9, ...MILLIONS]).flat(), 0]

const cases: Array<[what: string, bytes: number[], why: RegExp | undefined]> = [
  ['an empty structure', [0], undefined],
  [
    'numbers, a text, a list and what is behind',
    [0x16, 0x80, 0x01, 0x18, 2, 65, 66, 0x19, 0x25, 2, 4, 0, 99],
    undefined
  ],
  ['a field with a number of its own', [0x05, 0x80, 0x01, 0x02, 0], undefined],
  ['no end', [0x16, 1], /ends too early/],
  ['a text that is longer than all of it', [0x18, 100, 65], /ends too early/],
  ['a number without an end', [0x16, ...Array(1000).fill(0xff)], /a number is too long/],
  ['a list of millions', listsInLists(1), /too many values/],
  ['lists in lists of millions', listsInLists(40), /too many values/],
  ['structures in each other', [...Array(100).fill(0x1c), ...Array(101).fill(0)], /in each other/],
  ['a map', [0x1b, 0], /type 11/]
]
for (const [what, bytes, why] of cases)
  test(what, () => {
    const check = () => checkThrift(Uint8Array.from(bytes), 1000)
    if (why == null) check()
    else assert.throws(check, why)
  })

test('values of all lists count together', () => {
  const two = [0x19, 0xf3, 20, ...Array(20).fill(1), 0x19, 0xf3, 20, ...Array(20).fill(1), 0]
  checkThrift(Uint8Array.from(two), 42)
  assert.throws(() => checkThrift(Uint8Array.from(two), 41), /too many values/)
})

test('a file whose footer would take all memory or all time is damaged at once', async () => {
  for (const footer of [listsInLists(40), [0x16, ...Array(2_000_000).fill(0xff), 1, 0]]) {
    const path = join(scratch(), 'series.parquet')
    const length = Buffer.alloc(4)
    length.writeUInt32LE(footer.length)
    writeFileSync(path, Buffer.concat([Buffer.from('PAR1'), Buffer.from(footer), length, Buffer.from('PAR1')]))
    const began = performance.now()
    const error = await openSeries(path).then(
      () => undefined,
      cause => cause
    )
    assert.is(error.code, 'damaged')
    assert.match(error.message, /has a footer that cannot be read: /)
    assert.ok(performance.now() - began < 5_000)
  }
})

test.run()
