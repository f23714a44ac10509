import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Tail } from '../../node/run/tail.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('what a workload writes')
const PORTION = 64 * 1024
const MIB = 1024 * 1024

/** A tail and what it showed; `until` waits for a text. */
function tailOf(content?: string) {
  const path = join(scratch(), 'stdout.txt')
  if (content !== undefined) writeFileSync(path, content)
  let text = ''
  let look = () => {}
  const offsets: number[] = []
  const tail = new Tail(path, (shown, offset) => {
    offsets.push(offset)
    text += shown
    look()
  })
  const until = (expected: string) =>
    new Promise<void>(resolve => {
      look = () => text.includes(expected) && resolve()
      look()
    })
  return { path, tail, until, offsets, shown: () => text }
}

/** The timer of a tail alone keeps no process up. */
const awake = setInterval(() => {}, 60_000)
test.after(() => clearInterval(awake))

test('is shown while it is written, also in a file that appears late', async () => {
  const { path, tail, until, shown } = tailOf()
  tail.start(() => true)
  await new Promise(resolve => setTimeout(resolve, 150))
  writeFileSync(path, 'one\n')
  await until('one\n')
  appendFileSync(path, 'two\n')
  await until('two\n')
  await tail.stop()
  assert.is(shown(), 'one\ntwo\n')
})

test('is shown to its end when it stops, once, though nobody started it and it is stopped twice', async () => {
  const { path, tail, shown } = tailOf('one\n')
  await tail.stop()
  assert.is(shown(), 'one\n')
  appendFileSync(path, 'two\n')
  await tail.stop()
  await tail.stop()
  assert.is(shown(), 'one\ntwo\n')
})

test('is not read while nobody watches', async () => {
  const { tail, until, shown } = tailOf('one\n')
  let watched = false
  const asked = Promise.withResolvers<void>()
  tail.start(() => {
    if (!watched) asked.resolve()
    return watched
  })
  await asked.promise
  await new Promise(setImmediate)
  assert.is(shown(), '')
  watched = true
  await until('one\n')
  await tail.stop()
})

test('a file that never appears shows nothing', async () => {
  const { tail, shown } = tailOf()
  await tail.stop()
  assert.is(shown(), '')
})

for (const [title, letter] of [
  ['two', 'é'],
  ['three', '€'],
  ['four', '\u{1f980}']
] as const) {
  test(`a letter of ${title} bytes that lies across two portions is whole`, async () => {
    const size = Buffer.byteLength(letter)
    for (let before = 1; before < size; before++) {
      const content = `${'x'.repeat(PORTION - before)}${letter}end`
      const { tail, shown } = tailOf(content)
      await tail.stop()
      assert.ok(shown() === content, `${before} bytes before the border`)
    }
  })
}

test('a letter that is written in two goes is whole', async () => {
  const { path, tail, until, shown } = tailOf()
  const [first, ...rest] = Buffer.from('€!')
  writeFileSync(path, Buffer.from([...Buffer.from('price '), first as number]))
  tail.start(() => true)
  await until('price ')
  appendFileSync(path, Buffer.from(rest))
  await until('€!')
  await tail.stop()
  assert.is(shown(), 'price €!')
})

test('what is too far behind is jumped over, and the end is shown with the place where it lies', async () => {
  const line = (i: number) => `${String(i).padStart(9)}\n`
  const lines = Array.from({ length: (3 * MIB) / 10 }, (_, i) => line(i)).join('')
  const { tail, shown, offsets } = tailOf(lines)
  await tail.stop()
  assert.ok(lines.endsWith(shown()))
  assert.is(shown().length, MIB / 2)
  assert.is(offsets[0], lines.length - MIB / 2)
  assert.is(offsets[1], (offsets[0] ?? 0) + PORTION)
})

test('up to a mebibyte behind nothing is jumped over', async () => {
  const content = 'y'.repeat(MIB)
  const { tail, shown } = tailOf(content)
  await tail.stop()
  assert.ok(shown() === content)
})

test.run()
