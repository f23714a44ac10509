import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { JobLogFiles } from '../../node/store/job-log-files.ts'
import { JobLines } from '../../node/work/jobs/job-lines.ts'
import type { LogLine } from '../../protocols/jobs/job-stream.ts'
import { jobLogFile } from '../../protocols/layout.ts'
import { scratch } from './scratch.ts'

const test = suite('logs of jobs in a result')

const graph = { role: 'setup' as const }
const at = (job: string, attempt = 1) => ({ graph, job, attempt })
const lines = (from: number, to: number, text = 'x'): LogLine[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ n: from + i, t: i, text }))
const read = (root: string, job: string): LogLine[] =>
  readFileSync(join(root, jobLogFile(graph, job)), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

test('each line of a job is a line of JSON in its file, in their order', async () => {
  const root = scratch()
  const logs = new JobLogFiles(root)
  logs.add(at('a'), lines(1, 2))
  logs.add(at('b'), lines(1, 1))
  await logs.flush()
  logs.add(at('a'), [{ n: 3, t: 9, phase: 'build', text: 'ü "q"' }])
  await logs.flush()
  assert.equal(
    read(root, 'a').map(({ n }) => n),
    [1, 2, 3]
  )
  assert.equal(read(root, 'a')[2], { n: 3, t: 9, phase: 'build', text: 'ü "q"' })
  assert.is(read(root, 'b').length, 1)
  assert.equal(logs.cut, [])
})

test('lines are written soon, also if nobody asks for it', async () => {
  const root = scratch()
  const logs = new JobLogFiles(root)
  logs.add(at('a'), lines(1, 1))
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.is(read(root, 'a').length, 1)
})

test('a later attempt that wrote nothing replaces the log', async () => {
  const root = scratch()
  const logs = new JobLogFiles(root)
  logs.add(at('a', 1), lines(1, 3, 'one'))
  await logs.flush()
  logs.ended({ ...at('a', 2), lines: 0, dropped: 0 })
  await logs.flush()
  assert.is(readFileSync(join(root, jobLogFile(graph, 'a')), 'utf8'), '')
  assert.equal(logs.cut, [])
})

test('what an attempt wrote and did not come is missing, as its result tells', async () => {
  const logs = new JobLogFiles(scratch())
  logs.add(at('holes', 2), [...lines(1, 2), ...lines(5, 5)])
  logs.ended({ ...at('holes', 2), lines: 7, dropped: 0 })
  logs.ended({ ...at('nothing'), lines: 3, dropped: 2 })
  logs.ended({ ...at('silent'), lines: 0, dropped: 0 })
  logs.add(at('whole'), lines(1, 2))
  logs.ended({ ...at('whole'), lines: 2, dropped: 0 })
  logs.add(at('again', 1), lines(1, 1))
  logs.ended({ ...at('again', 1), lines: 4, dropped: 0 })
  logs.add(at('again', 2), lines(1, 1))
  logs.ended({ ...at('again', 1), lines: 9, dropped: 0 })
  assert.equal(logs.cut, [
    { graph, job: 'holes', lines: 4, absent: 4 },
    { graph, job: 'nothing', lines: 3, absent: 1 }
  ])
  await logs.flush()
})

test('a later attempt replaces the log, and what still comes of the earlier one is dropped', async () => {
  const root = scratch()
  const logs = new JobLogFiles(root)
  logs.add(at('a', 1), lines(1, 3, 'one'))
  await logs.flush()
  logs.add(at('a', 2), lines(1, 1, 'two'))
  logs.add(at('a', 1), lines(4, 4, 'one'))
  await logs.flush()
  assert.equal(
    read(root, 'a').map(({ text }) => text),
    ['two']
  )
})

test('a log ends at its bound, that of a run at its own, and each says how many lines are missing', async () => {
  const root = scratch()
  const [line] = lines(1, 1)
  const bytes = JSON.stringify(line).length + 1
  const logs = new JobLogFiles(root, { log: 3 * bytes, run: 5 * bytes })
  logs.add(at('a'), lines(1, 9))
  logs.add(at('b'), lines(1, 3))
  await logs.flush()
  assert.equal([read(root, 'a').length, read(root, 'b').length], [3, 2])
  assert.equal(
    logs.cut.map(({ job, lines }) => [job, lines]),
    [
      ['a', 6],
      ['b', 1]
    ]
  )
  // the room of what was replaced is free again
  logs.add(at('a', 2), lines(1, 1))
  logs.add(at('b', 2), lines(1, 3))
  await logs.flush()
  assert.equal([read(root, 'a').length, read(root, 'b').length], [1, 3])
  assert.equal(logs.cut, [])
})

test('all that a member keeps of a log has room in the result', async () => {
  const most = 1_000
  const logs = new JobLogFiles(scratch(), { log: most })
  const made = new JobLines({ most, onError: () => {}, onStated: () => {} })
  const text = `#BAK:PHASE ${'p'.repeat(40)}\nü \u0001 "q"\n${'x\n'.repeat(100)}`
  const kept = made.push(Buffer.from(text), 1_234)
  logs.add(at('a'), kept)
  logs.ended({ ...at('a'), lines: kept.length, dropped: 0 })
  assert.ok(kept.length > 5 && made.dropped > 5)
  assert.equal(logs.cut, [])
  await logs.flush()
})

test('what waits for the disk is bounded, too', async () => {
  const logs = new JobLogFiles(scratch(), { waiting: 100 })
  logs.add(at('a'), lines(1, 100))
  await logs.flush()
  assert.ok((logs.cut[0]?.lines ?? 0) > 90)
})

test('what cannot be written is said once, and fails nothing', async () => {
  const root = scratch()
  await writeFile(join(root, 'jobs'), 'a file in the place of the folder')
  const logs = new JobLogFiles(root)
  logs.add(at('a'), lines(1, 1))
  await logs.flush()
  assert.match(logs.failed ?? '', /jobs/)
  assert.equal(
    logs.cut.map(({ job, lines }) => [job, lines]),
    [['a', 1]]
  )
  logs.add(at('b'), lines(1, 2))
  await logs.flush()
  assert.is(logs.cut.find(({ job }) => job === 'b')?.lines, 2)
  assert.not.ok(existsSync(join(root, jobLogFile(graph, 'b'))))
})

test.run()
