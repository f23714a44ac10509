/** Logs of attempts: any lines, read from anywhere, while they grow and when they have ended. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLog } from '../../../node/log.ts'
import { JobRecords } from '../../../node/store/job-records.ts'
import { graphText, readGraph } from '../../../node/store/jobs/job-schema.ts'
import type { AttemptAt } from '../../../protocols/jobs/job-records.ts'
import { signedResult } from '../../helpers/job-results.ts'
import { newSigner, stayAwake } from '../../helpers/streams.ts'
import { scratch } from '../scratch.ts'

const test = suite('logs of jobs')
const sleepAgain = stayAwake()

const self = newSigner()
const records = new JobRecords({ folder: scratch(), self: self.peer, log: createLog('error', () => {}) })
test.after(() => {
  records.close()
  sleepAgain()
})
const run = '20261122T213015-k3f9ab'
let attempts = 0
const newAttempt = (): AttemptAt => ({ run, graph: { role: 'setup' }, job: 'lib', attempt: ++attempts })

test('lines come back as they were appended, from any number on, and a line that comes twice is there once', () => {
  const line = fc.record({ text: fc.string({ unit: 'grapheme', maxLength: 30 }), gap: fc.nat(2) })
  const batches = fc.array(fc.array(line, { maxLength: 5 }), { maxLength: 6 })
  fc.assert(
    fc.property(batches, fc.nat(40), fc.integer({ min: 1, max: 8 }), fc.boolean(), (given, from, most, flushes) => {
      const at = newAttempt()
      let n = 0
      const all = given.map(batch =>
        batch.map(({ text, gap }) => {
          n += 1 + gap
          return { n, t: n / 2, text, ...(gap === 1 ? { phase: 'build' } : {}) }
        })
      )
      for (const batch of all) {
        records.logs.append(at, batch)
        if (flushes) records.flush()
        records.logs.append(at, batch)
      }
      const wanted = all.flat().filter(each => each.n >= from)
      assert.equal(records.logs.read(at, from, most), wanted.slice(0, most))
      assert.equal(records.logs.read(at, from, 1_000), wanted)
      records.logs.end(at)
    }),
    { numRuns: 60 }
  )
})

test('a graph is read as it was written', () => {
  const step = fc.record(
    {
      number: fc.nat(99),
      name: fc.constantFrom('default', 'bs=4k,depth=8'),
      sample: fc.nat(9),
      warmup: fc.constant(true as const)
    },
    { requiredKeys: ['number', 'name', 'sample'], noNullPrototype: true }
  )
  const graph = fc.record(
    { role: fc.constantFrom('setup' as const, 'work' as const), step },
    { requiredKeys: ['role'], noNullPrototype: true }
  )
  fc.assert(fc.property(graph, each => assert.equal(readGraph(graphText(each)), each)))
})

test('the graph that was begun last is found, and its last attempt', () => {
  const first = { number: 1, name: 'default', sample: 1 }
  for (const [sample, attempt] of [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2]
  ] as const) {
    const at: AttemptAt = { run, graph: { role: 'work', step: { ...first, sample } }, job: 'app', attempt }
    records.logs.begin(at)
    if (attempt === 1) records.logs.end(at)
  }
  const found = (more: object) => {
    const { graph, attempt, isOpen } = records.logs.find({ run, job: 'app', ...more }) ?? {}
    return [graph?.step?.sample, attempt, isOpen]
  }
  assert.equal(found({}), [2, 2, true])
  assert.equal(found({ attempt: 1 }), [2, 1, false])
  assert.equal(found({ graph: { role: 'work', step: first } }), [1, 2, true])
  assert.equal(found({ graph: { role: 'report' } }), [undefined, undefined, undefined])
  assert.is(records.logs.find({ run, job: 'none' }), undefined)
})

test('who waits for a line hears of it when it can be read, and of the end', async () => {
  const at = newAttempt()
  const signal = AbortSignal.timeout(10_000)
  records.logs.begin(at)
  const grown = records.logs.grew(at, 1, signal)
  records.logs.append(at, [{ n: 1, t: 0, text: 'one' }])
  await grown
  assert.is(records.logs.read(at).length, 1)
  await records.logs.grew(at, 1, signal)
  let isOver = false
  const over = records.logs.grew(at, 2, signal).then(() => {
    isOver = true
  })
  // that of another attempt does not concern it
  records.logs.append(newAttempt(), [{ n: 1, t: 0, text: 'other' }])
  records.flush()
  await new Promise(setImmediate)
  assert.not(isOver)
  // another cannot end it
  records.keep(signedResult(newSigner(), at))
  assert.is(records.logs.find(at)?.isOpen, true)
  records.keep(signedResult(self, at))
  await over
  assert.is(records.logs.find(at)?.isOpen, false)
  await records.logs.grew(at, 2, signal)
})

test('a wait ends when it is given up, and leaves nothing', async () => {
  const at = newAttempt()
  records.logs.begin(at)
  const control = new AbortController()
  const waits = records.logs.grew(at, 1, control.signal)
  control.abort()
  await waits
  await records.logs.grew(at, 1, control.signal)
})

test.run()
