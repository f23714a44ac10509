/** Lines of output at which tools start and stop. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TriggerWatch } from '../../node/work/command/trigger-watch.ts'
import { OutputLines } from '../../node/work/output-lines.ts'
import type { Edge, Trigger } from '../../protocols/trigger.ts'
import { scratch } from '../store/scratch.ts'

const test = suite('lines at which tools start and stop')

const GO: Trigger = { start: '^go', stop: '^end' }

/** A file that grows, and what is found in it: `db+1` for the start of the first window of db, `db-1` for its stop. */
function watchOf(triggers: Record<string, Trigger> = { db: GO }) {
  const path = join(scratch(), 'stdout.txt')
  writeFileSync(path, '')
  let clock = 0
  const watch = new TriggerWatch(new Map(Object.entries(triggers)), [new OutputLines(path)], () => ++clock)
  const edges: Edge[] = []
  const take = () =>
    edges.splice(0).map(({ group, what, sample }) => `${group}${what === 'start' ? '+' : '-'}${sample}`)
  return {
    watch,
    write: (text: string) => appendFileSync(path, text),
    async look() {
      await watch.look(edges)
      return take()
    },
    async end() {
      await watch.end(edges)
      return [...take(), ...watch.untriggered().map(({ group, reason }) => `${group}: ${reason}`)]
    }
  }
}

/** What each look finds after these texts, and what is left to say at the end. */
const cases: Array<[title: string, texts: string[], found: string[][], named: string[]]> = [
  ['a window', ['a\ngo\n', 'b\n', 'end\n'], [['db+1'], [], ['db-1']], []],
  ['windows one after the other', ['go\n', 'end\ngo\n', 'end\n'], [['db+1'], ['db-1', 'db+2'], ['db-2']], []],
  ['a line without its end is none yet', ['g', 'o', '\n', 'end\n'], [[], [], ['db+1'], ['db-1']], []],
  ['the end of a line of Windows', ['go\r\n', 'end\r\n'], [['db+1'], ['db-1']], []],
  ['a further start says nothing', ['go\n', 'go\ngo\n', 'end\n'], [['db+1'], [], ['db-1']], []],
  ['a start without a stop', ['go\n'], [['db+1']], ['db: no line of the output fits its stop, /^end/']],
  [
    'a stop before any start',
    ['end\n', 'go\n', 'end\nend\nend\n'],
    [[], ['db+1'], ['db-1']],
    ['db: the output said stop 3 times while its tools did not run']
  ],
  ['nothing', ['a\n'], [[]], ['db: no line of the output fits from /^go/ to /^end/']],
  [
    'a start that never comes',
    ['end\n'],
    [[]],
    ['db: no line of the output fits its start, /^go/', 'db: the output said stop once while its tools did not run']
  ],
  [
    'a window that was over before anybody was told',
    ['go\nend\n', 'go\n', 'end\n'],
    [[], ['db+1'], ['db-1']],
    ['db: the output said start and stop too shortly one after the other, once']
  ]
]
for (const [title, texts, found, named] of cases) {
  test(`are found in their order: ${title}`, async () => {
    const { write, look, end } = watchOf()
    const seen: string[][] = []
    for (const text of texts) {
      write(text)
      seen.push(await look())
    }
    assert.equal([seen, await end()], [found, named])
  })
}

test('are found for each group by itself, and one line may mean something to several', async () => {
  const { write, look, end } = watchOf({
    db: GO,
    web: { start: 'go|open', stop: 'close' },
    all: { start: '.', stop: '.' }
  })
  write('go\n')
  assert.equal(await look(), ['db+1', 'web+1', 'all+1'])
  write('end\n')
  assert.equal(await look(), ['db-1', 'all-1'])
  write('close\n')
  assert.equal(await look(), ['web-1', 'all+2'])
  assert.equal(await end(), [])
})

test('of a command that has ended stop what runs, and start nothing', async () => {
  const { write, look, end } = watchOf()
  write('go\n')
  await look()
  write('end\ngo\nend\ngo')
  assert.equal(await end(), [
    'db-1',
    'db: the output said start 2 times before the command ended, too late for its tools'
  ])
})

test('beyond the most windows are named', async () => {
  const { write, look, end } = watchOf()
  for (let i = 1; i <= 1_002; i++) {
    write('go\n')
    await look()
    write('end\n')
    await look()
  }
  assert.equal(await end(), ['db: the output said start more than 1000 times'])
})

test('of an expression that takes too long are given up by name, and those of other groups are found', async () => {
  const { write, look, end } = watchOf({ bad: { start: '^(a+)+$', stop: 'x' }, db: GO })
  write(`${'a'.repeat(60)}b\n`)
  assert.equal(await look(), [])
  write('go\n')
  assert.equal(await look(), ['db+1'])
  const [bad = '', ...others] = await end()
  assert.match(bad, /^bad: the expression \^\(a\+\)\+\$ takes longer than 200 ms/)
  assert.equal(others, ['db: no line of the output fits its stop, /^end/'])
})

test('are as the lines say, however the output was written and read', async () => {
  const words = fc.constantFrom('go', 'end', 'x', 'go ö', 'end 🙂', '')
  const text = fc.array(words, { maxLength: 30 }).map(lines => Buffer.from(lines.map(line => `${line}\n`).join('')))
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(200), { maxLength: 8 }), async (bytes, cuts) => {
      const path = join(scratch(), 'stdout.txt')
      writeFileSync(path, '')
      const lines = new OutputLines(path)
      const read: string[] = []
      const at = [...new Set(cuts.map(each => Math.min(each, bytes.length)))].sort((a, b) => a - b)
      for (const [i, to] of [...at, bytes.length].entries()) {
        appendFileSync(path, bytes.subarray(at[i - 1] ?? 0, to))
        read.push(...(await lines.read()))
      }
      assert.equal(`${read.join('\n')}\n`, bytes.length === 0 ? '\n' : bytes.toString())
      assert.equal(lines.end(), [])
    }),
    { numRuns: 50 }
  )
})

test('that are very long are cut, and what follows them is found', async () => {
  const { write, look } = watchOf({ db: { start: '^x+$', stop: '^end' } })
  for (let i = 0; i < 20; i++) write('x'.repeat(100_000))
  await look()
  write('y\n')
  assert.equal(await look(), ['db+1'], 'of the begin of the line, which has no y')
  write('end\n')
  assert.equal(await look(), ['db-1'])
})

test.run()
