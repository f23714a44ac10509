import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog, type Fields, type Level } from '../node/log.ts'

const test = suite('log')

function logOf(least: Level = 'debug', fields?: Fields) {
  const lines: string[] = []
  return { log: createLog(least, line => lines.push(line), fields), lines }
}

/** What one message makes of a line, after its time. */
function lineOf(message: string, fields?: Fields): string {
  const { log, lines } = logOf()
  log.info(message, fields)
  assert.is(lines.length, 1)
  const [, time, rest] = /^(\S+) ([\s\S]*)$/.exec(lines[0] as string) as unknown as [string, string, string]
  assert.is(new Date(time).toISOString(), time)
  return rest
}

const table: Array<[title: string, message: string, fields: Fields | undefined, line: string]> = [
  ['a message alone', 'peer lost', undefined, 'INFO msg="peer lost"'],
  ['fields before it, in their order', 'x', { run: 'r1', n: 3, ok: true }, 'INFO run=r1 n=3 ok=true msg="x"'],
  ['a field that is undefined is left out', 'x', { a: undefined, b: 1 }, 'INFO b=1 msg="x"'],
  ['a value with a blank is quoted', 'x', { why: 'not now' }, 'INFO why="not now" msg="x"'],
  ['a value with a quote in it', 'x', { why: 'say "no"' }, 'INFO why="say \\"no\\"" msg="x"'],
  ['a value that looks like a field', 'x', { why: 'run=r2' }, 'INFO why="run=r2" msg="x"'],
  ['a value with a new line stays on the line', 'x', { why: 'a\n2026 ERROR b' }, 'INFO why="a\\n2026 ERROR b" msg="x"'],
  ['a value with a letter that moves the cursor', 'x', { why: 'a\x1b[2Jb' }, 'INFO why="a\\u001b[2Jb" msg="x"'],
  ['a value with an 8-bit control letter', 'x', { why: 'a\x9b2J' }, 'INFO why="a\\u009b2J" msg="x"'],
  ['a value that turns the direction of text', 'x', { why: 'a\u202eb' }, 'INFO why="a\\u202eb" msg="x"'],
  ['letters of other languages are plain', 'x', { name: 'knöten' }, 'INFO name=knöten msg="x"'],
  ['an empty value', 'x', { why: '' }, 'INFO why= msg="x"'],
  ['a message with a new line', 'a\nb', undefined, 'INFO msg="a\\nb"'],
  ['a message with a letter that moves the cursor', 'a\x7f\x1b[A', undefined, 'INFO msg="a\\u007f\\u001b[A"']
]
for (const [title, message, fields, line] of table) {
  test(title, () => assert.is(lineOf(message, fields), `${line}\n`))
}

test('whatever is said is one line without a letter that steers a terminal, and can be read back', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, text, (message, why) => {
      const line = lineOf(message, { why })
      assert.not.match(line.slice(0, -1), /[\p{Cc}\p{Cf}\u2028\u2029]/u)
      const [, value, said] = /^INFO why=("(?:[^"\\]|\\.)*"|[^\s"=]*) msg=(".*")\n$/.exec(line) as unknown as string[]
      assert.is(JSON.parse(said as string), message)
      assert.is(value?.startsWith('"') ? JSON.parse(value) : value, why)
    }),
    { numRuns: 1_000 }
  )
})

const levels: Array<[least: Level, written: string]> = [
  ['debug', 'DEBUG INFO WARN ERROR'],
  ['info', 'INFO WARN ERROR'],
  ['warn', 'WARN ERROR'],
  ['error', 'ERROR']
]
for (const [least, written] of levels) {
  test(`from ${least} on these levels are written: ${written}`, () => {
    const { log, lines } = logOf(least)
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('x')
    assert.is(lines.map(line => line.split(' ')[1]).join(' '), written)
  })
}

test('fields of a part stand on all its lines, before those of the line, which may replace them', () => {
  const { log, lines } = logOf('info', { home: '/h' })
  const part = log.with({ run: 'r1' }, 'run')
  part.info('x', { n: 1 })
  part.with({ peer: 'p' }).warn('y', { run: 'r2' })
  log.info('z')
  part.debug('no')
  assert.equal(
    lines.map(line => line.slice(25)),
    ['INFO home=/h run=r1 n=1 msg="x"\n', 'WARN home=/h run=r2 peer=p msg="y"\n', 'INFO home=/h msg="z"\n']
  )
})

test.run()
