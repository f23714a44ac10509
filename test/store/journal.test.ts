import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { loadJournal, openJournal, readJournal } from '../../node/store/journal.ts'
import { codeOf, scratch, withSmallDisk } from './scratch.ts'

const test = suite('journal')

test('lines are read in the order of the calls, whether the caller waited or not', async () => {
  const path = join(scratch(), 'journal.ndjson')
  const journal = await openJournal(path)
  const writes = Array.from({ length: 200 }, (_, n) => journal.append({ n }, { sync: n % 50 === 0 }))
  await journal.append('last')
  await Promise.all(writes)
  await journal.close()
  const { values, torn, lines } = await loadJournal(path)
  assert.equal(values, [...Array.from({ length: 200 }, (_, n) => ({ n })), 'last'])
  assert.is(torn, 0)
  assert.is(lines, 201)
})

test('closing waits for all lines, and nothing can be appended after it', async () => {
  const path = join(scratch(), 'journal.ndjson')
  const journal = await openJournal(path)
  const write = journal.append(1)
  await journal.close()
  await write
  assert.equal((await loadJournal(path)).values, [1])
  assert.is(await codeOf(journal.append(2)), 'bug')
})

test('a missing journal is empty', async () => {
  assert.equal(await loadJournal(join(scratch(), 'absent')), { values: [], lines: 0, torn: 0 })
})

const someValue = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.dictionary(fc.string(), fc.string()))

test('cut at any byte, a journal gives its whole lines, reports the rest, and can be appended to', async () => {
  const folder = scratch()
  await fc.assert(
    fc.asyncProperty(fc.array(someValue, { maxLength: 8 }), fc.nat(), async (values, at) => {
      const path = join(folder, 'cut.ndjson')
      const whole = Buffer.from(values.map(value => `${JSON.stringify(value)}\n`).join(''))
      const cut = whole.subarray(0, at % (whole.length + 1))
      await writeFile(path, cut)
      const kept = cut.toString('latin1').split('\n').length - 1
      const read = await loadJournal(path)
      const plain = values.map(value => JSON.parse(JSON.stringify(value)))
      assert.equal(read.values, plain.slice(0, kept))
      assert.is(read.torn, cut.length - (cut.lastIndexOf(0x0a) + 1))

      const journal = await openJournal(path)
      await journal.append('more')
      await journal.close()
      assert.equal(await loadJournal(path), { values: [...plain.slice(0, kept), 'more'], lines: kept + 1, torn: 0 })
    }),
    { numRuns: 150 }
  )
})

test('cut at every byte of one journal, nothing is lost but the last line', async () => {
  const path = join(scratch(), 'journal.ndjson')
  const lines = ['{"n":1,"text":"größer"}\n', '{"n":2}\n', '"…"\n'].map(line => Buffer.from(line))
  const whole = Buffer.concat(lines)
  for (let at = 0; at <= whole.length; at++) {
    await writeFile(path, whole.subarray(0, at))
    let kept = 0
    for (let end = 0; kept < lines.length && end + (lines[kept] as Buffer).length <= at; kept++) {
      end += (lines[kept] as Buffer).length
    }
    assert.is((await loadJournal(path)).lines, kept, `cut at ${at}`)
  }
})

test('a line longer than one read is read whole', async () => {
  const path = join(scratch(), 'journal.ndjson')
  const long = 'ü'.repeat(700_000)
  const journal = await openJournal(path)
  await journal.append(long)
  await journal.append(1)
  await journal.close()
  assert.equal((await loadJournal(path)).values, [long, 1])
  await truncate(path, 900_000)
  await (await openJournal(path)).close()
  assert.is((await readFile(path)).length, 0)
})

test('a damaged line in the middle is reported with file and line', async () => {
  const path = join(scratch(), 'journal.ndjson')
  await writeFile(path, '{"n":1}\n{"n":\n{"n":3}\n')
  const reading = readJournal(path)
  assert.equal((await reading.next()).value, { n: 1 })
  const error = await reading.next().catch(error => error)
  assert.is(error.code, 'damaged')
  assert.match(error.message, `${path}:2:`)
})

test('a line that does not fit the schema is damaged too', async () => {
  const path = join(scratch(), 'journal.ndjson')
  await writeFile(path, '{"n":1}\n{"n":"x"}\n')
  const error = await loadJournal(path, v.object({ n: v.number() })).catch(error => error)
  assert.is(error.code, 'damaged')
  assert.match(error.message, ':2: n:')
})

const full = 'on a full disk an append is no-space, and what was appended before stays whole'
test(full, () =>
  withSmallDisk(full, 256, async folder => {
    const path = join(folder, 'journal.ndjson')
    const journal = await openJournal(path)
    await journal.append('first', { sync: true })
    assert.is(await codeOf(journal.append('x'.repeat(1024 * 1024))), 'no-space')
    await journal.append('second')
    await journal.close()
    assert.equal(await loadJournal(path), { values: ['first', 'second'], lines: 2, torn: 0 })
  })
)

test.run()
