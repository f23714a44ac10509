/** When the output of a workload grew: looked at while it runs, bounded however long it runs. */
import { appendFileSync, existsSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Look, lineAfter, OutputTimes } from '../../node/work/output-times.ts'
import { MAX_TIMES_BYTES, type OutputTime, TimesReader, writeTime } from '../../protocols/output-times.ts'
import { until } from '../helpers/until.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('times of output')

const start: OutputTime = { at: 1_000, stdout: 0, stderr: 0 }
const look = (more: Partial<Look>): Look => ({ at: 2_000, written: 1_990, stdout: 1, stderr: 0, ...more })

for (const [title, seen, isFinal, expected] of [
  ['nothing new is no line', look({ stdout: 0 }), false, undefined],
  ['what grew is a line, with the time at which it was written', look({}), false, { at: 1_990, stdout: 1, stderr: 0 }],
  [
    'a file that a program dated ahead was written by now',
    look({ written: 9e12 }),
    false,
    { at: 2_000, stdout: 1, stderr: 0 }
  ],
  [
    'a file that a program dated back was written after the last line',
    look({ written: 5 }),
    false,
    { at: 1_000, stdout: 1, stderr: 0 }
  ],
  ['a file that shrank keeps its size', look({ stdout: 0, stderr: 3 }), false, { at: 1_990, stdout: 0, stderr: 3 }],
  ['what grew right after a line waits', look({ at: 1_040, written: 1_035 }), false, undefined],
  ['but not at the end', look({ at: 1_040, written: 1_035 }), true, { at: 1_035, stdout: 1, stderr: 0 }]
] as const) {
  test(title, () => assert.equal(lineAfter(start, 0, seen, isFinal), expected))
}

/** Output that grows at every look, as of a program that never pauses. */
function linesOf(ms: number, bytesPerLook: number): OutputTime[] {
  const lines: OutputTime[] = []
  let last: OutputTime = { at: 1_764_000_000_000, stdout: 0, stderr: 0 }
  const begin = last.at
  for (let at = begin; at <= begin + ms; at += 100) {
    const stdout = ((at - begin) / 100) * bytesPerLook
    const line = lineAfter(last, lines.length, { at, written: at, stdout, stderr: stdout }, at === begin + ms)
    if (line == null) continue
    lines.push(line)
    last = line
  }
  return lines
}

for (const [title, ms, bytes] of [
  ['a gigabyte in ten seconds', 10_000, 1e7],
  ['a day without a pause', 86_400_000, 1e8]
] as const) {
  test(`of ${title} are below their bound, and end with all that was written`, () => {
    const lines = linesOf(ms, bytes)
    const text = lines.map(writeTime).join('')
    assert.ok(text.length < MAX_TIMES_BYTES, `${text.length} bytes`)
    assert.is(lines.at(-1)?.stdout, (ms / 100) * bytes)
    assert.is(new TimesReader().push(Buffer.from(text)).length, lines.length)
  })
}

test('are lines that can be read back, whatever is seen', () => {
  const looks = fc.array(
    fc.record({
      after: fc.nat(500),
      written: fc.integer({ min: -1e6, max: 1e6 }),
      stdout: fc.nat(1e6),
      stderr: fc.nat(1e6)
    })
  )
  fc.assert(
    fc.property(looks, seen => {
      let last = start
      const lines: OutputTime[] = []
      let at = start.at
      for (const { after, written, stdout, stderr } of seen) {
        at += after
        const line = lineAfter(last, lines.length, { at, written: at + written, stdout, stderr })
        if (line == null) continue
        lines.push(line)
        last = line
      }
      assert.equal(new TimesReader().push(Buffer.from(lines.map(writeTime).join(''))), lines)
    })
  )
})

const linesIn = (folder: string) => new TimesReader().push(readFileSync(join(folder, 'times.txt')))

test('are written while it grows, on the clock of the controller', async () => {
  const folder = scratch()
  const ahead = 5_000
  const times = new OutputTimes(folder, () => Date.now() - ahead)
  await times.start()
  const began = Date.now() - ahead
  writeFileSync(join(folder, 'stdout.txt'), 'one')
  await until(() => linesIn(folder).length === 1)
  await sleep(150)
  writeFileSync(join(folder, 'stderr.txt'), 'three')
  await until(() => linesIn(folder).length === 2)
  appendFileSync(join(folder, 'stdout.txt'), 'last')
  assert.is(await times.stop(), undefined)
  const lines = linesIn(folder)
  assert.equal(
    lines.map(({ stdout, stderr }) => [stdout, stderr]),
    [
      [3, 0],
      [3, 5],
      [7, 5]
    ]
  )
  const ended = Date.now() - ahead
  for (const { at } of lines)
    assert.ok(at >= began - 20 && at <= ended + 20, `${at} is not within ${began} and ${ended}`)
  assert.ok((lines[1]?.at ?? 0) - (lines[0]?.at ?? 0) >= 100, 'the pause is in them')
})

test('leave alone what a workload writes under their name, and say so', async () => {
  for (const write of [
    (path: string) => writeFileSync(path, 'of the workload\n'),
    (path: string) => {
      writeFileSync(`${path}.new`, 'of the workload\n')
      renameSync(`${path}.new`, path)
    }
  ]) {
    const folder = scratch()
    const times = new OutputTimes(folder)
    await times.start()
    write(join(folder, 'times.txt'))
    writeFileSync(join(folder, 'stdout.txt'), 'x')
    assert.match((await times.stop()) ?? '', /^times.txt: the workload wrote a file of this name/)
    assert.is(readFileSync(join(folder, 'times.txt'), 'utf8'), 'of the workload\n')
  }
})

test('do not follow a link that was in their place', async () => {
  const folder = scratch()
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'times.txt'))
  const times = new OutputTimes(folder)
  await times.start()
  writeFileSync(join(folder, 'stdout.txt'), 'x')
  assert.is(await times.stop(), undefined)
  assert.is(linesIn(folder).length, 1)
  assert.not.ok(existsSync(join(folder, 'elsewhere')))
})

test('of a folder that is not there are missing with the reason', async () => {
  const times = new OutputTimes(join(scratch(), 'gone'))
  await times.start()
  assert.is(await times.stop(), 'times.txt: no such file or directory')
})

test.run()
