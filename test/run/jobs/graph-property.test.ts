/** Whatever the graph, and whatever fails: it ends, each job in one final state that follows from those that it needs; and large graphs are no harder. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isFinal } from '../../../protocols/jobs/job-state.ts'
import type { Behaviour } from '../../helpers/job-member.ts'
import { stayAwake } from '../../helpers/streams.ts'
import { until } from '../../helpers/until.ts'
import { jobOf, stateOf, TestGraph } from './test-graph.ts'

const test = suite('any graph of jobs')
test.after(stayAwake())

/** What an attempt does; what is said twice is done on the second attempt, and later ones are done. */
type Act = 'done' | 'failed' | 'broken' | 'cancelled' | 'broken twice'

interface Drawn {
  needs: number[]
  act: Act
  slots: number
}

const act = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Act>('done') },
  { weight: 1, arbitrary: fc.constantFrom<Act>('failed', 'broken', 'cancelled', 'broken twice') }
)
/** Each job needs some of those before it. */
const drawnGraph = fc
  .array(fc.record({ needs: fc.array(fc.nat(100), { maxLength: 4 }), act, slots: fc.integer({ min: 1, max: 3 }) }), {
    maxLength: 14
  })
  .map(jobs =>
    jobs.map(({ needs, ...rest }, i): Drawn => ({ needs: i === 0 ? [] : [...new Set(needs.map(n => n % i))], ...rest }))
  )

const named = (i: number) => `j${i}`

function graphOf(drawn: Drawn[], failFast: boolean, slots: number[]) {
  const jobs = drawn.map(({ needs, slots: asked }, i) =>
    jobOf({ name: named(i), needs: needs.map(named), slots: asked })
  )
  const acts = (offer: { job: string; attempt: number }): Behaviour => {
    const does = drawn[Number(offer.job.slice(1))]?.act ?? 'done'
    const isBad = offer.attempt === 1 || (does === 'broken twice' && offer.attempt === 2)
    if (does === 'failed') return { outcome: 'failed', exit: 1 }
    if (does === 'done' || !isBad) return { outcome: 'done' }
    return does === 'cancelled' ? { outcome: 'cancelled' } : { broken: 'io', reason: 'no space' }
  }
  return new TestGraph({ jobs, members: slots.map(each => ({ slots: each, act: acts })), run: { failFast } })
}

test('each job ends once, in the state that follows from its needs, and none begins before they are done', async () => {
  await fc.assert(
    fc.asyncProperty(
      drawnGraph,
      fc.boolean(),
      fc.constantFrom<number[]>([3], [4, 3]),
      async (drawn, failFast, slots) => {
        const graph = graphOf(drawn, failFast, slots)
        const entries = await graph.run()
        assert.is(Object.keys(entries).length, drawn.length)
        for (const [i, { needs, act }] of drawn.entries()) {
          const entry = entries[named(i)]
          const states = graph.statesOf(named(i))
          assert.ok(entry != null && isFinal(entry.state))
          assert.is(
            states.filter(state => isFinal(state as never) && state !== 'skipped').length,
            entry.state === 'skipped' ? 0 : 1
          )
          const needed = needs.map(need => entries[named(need)]?.state)
          if (!failFast) {
            const isSkipped = needed.some(state => state !== 'done')
            assert.is(entry.state, isSkipped ? 'skipped' : act === 'failed' ? 'failed' : 'done')
            const roots = new Set(needs.flatMap(need => causesOf(entries[named(need)])))
            if (isSkipped) assert.equal(new Set(entry.from), roots)
          }
          const begun = graph.at(named(i), 'running')
          for (const need of needs)
            if (begun >= 0) assert.ok(graph.at(named(need), 'done') < begun && graph.at(named(need), 'done') >= 0)
        }
        for (const member of graph.members) assert.equal([member.running, member.heardOver], [[], 1])
        const results = Object.values(entries).flatMap(({ result, attempts }) => [
          result,
          ...attempts.map(each => each.result)
        ])
        assert.is(results.filter(each => each != null).length, graph.members.flatMap(({ got }) => got).length)
      }
    ),
    { numRuns: 20 }
  )
})

const causesOf = (entry: { state: string; job: string; from?: string[] | undefined } | undefined) =>
  entry == null || entry.state === 'done' ? [] : entry.state === 'skipped' ? (entry.from ?? []) : [entry.job]

test('members that come, go and leave at any time end it, too', async () => {
  const trouble = fc.array(fc.record({ member: fc.nat(2), act: fc.constantFrom('cut', 'restart', 'leave', 'turn') }), {
    maxLength: 12
  })
  await fc.assert(
    fc.asyncProperty(drawnGraph, trouble, async (drawn, acts) => {
      const graph = graphOf(drawn, false, [3, 3, 3])
      graph.graph.start()
      for (const { member, act } of acts) {
        const at = graph.members[member]
        if (act === 'cut') at?.cut()
        if (act === 'restart') at?.restart()
        // one stays
        if (act === 'leave' && member > 0) graph.graph.leave(at?.peer ?? '', 'it was excluded')
        await new Promise(setImmediate)
      }
      const entries = await graph.end()
      for (const { state } of Object.values(entries)) assert.ok(isFinal(state))
      const [first] = graph.members
      assert.equal([first?.running, first?.heardOver], [[], 1])
    }),
    { numRuns: 12 }
  )
})

test('a thousand jobs on eight members are all done, each run once', async () => {
  const jobs = Array.from({ length: 1_000 }, (_, i) =>
    jobOf({ name: named(i), needs: i >= 100 ? [named(i - 100)] : [] })
  )
  const graph = new TestGraph({ jobs, members: Array.from({ length: 8 }, () => ({ slots: 4 })), run: { cache: true } })
  const entries = await graph.run()
  assert.equal(new Set(Object.values(stateOf(entries))), new Set(['done']))
  assert.is(graph.members.flatMap(({ taken }) => taken).length, 1_000)
  for (const { taken, peak } of graph.members) assert.ok(taken.length > 50 && peak <= 4, `${taken.length}, ${peak}`)
})

test('the most jobs that a file has, each of which has what only itself asks, or needs all before it, end soon', async () => {
  const count = 4_096
  const jobs = Array.from({ length: count }, (_, i) => {
    const needs = i < count - 1 ? [] : Array.from({ length: 1_024 }, (_, k) => named(k * 3))
    return jobOf({ name: named(i), needs, outputs: [], memory: i % 512 })
  })
  const graph = new TestGraph({ jobs, members: [{ slots: 64 }, { slots: 64 }] })
  const begun = performance.now()
  const entries = await graph.run()
  assert.is(Object.values(entries).filter(({ state }) => state === 'done').length, count)
  assert.ok(performance.now() - begun < 60_000)
})

test('while one job runs nothing is done', async () => {
  const freed = Promise.withResolvers<Behaviour>()
  const jobs = Array.from({ length: 200 }, (_, i) => jobOf({ name: named(i), needs: i === 0 ? [] : ['j0'] }))
  const graph = new TestGraph({
    jobs,
    members: [{ act: ({ job }) => (job === 'j0' ? freed.promise : { outcome: 'done' }) }]
  })
  graph.graph.start()
  await until(() => graph.at('j0', 'running') >= 0)
  await new Promise(resolve => setTimeout(resolve, 50))
  const before = process.cpuUsage()
  const told = graph.changes.length
  await new Promise(resolve => setTimeout(resolve, 400))
  const { user, system } = process.cpuUsage(before)
  assert.is(graph.changes.length, told)
  // a poll of a few ms would be many times that; what else runs in this process takes some
  assert.ok(user + system < 200_000, `${(user + system) / 1000} ms`)
  freed.resolve({ outcome: 'done' })
  await graph.end()
})

test.run()
