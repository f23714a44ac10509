/** Why jobs failed: chains of those that inherit a failure. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeFailures, type EndedJob, failuresIn } from '../../../cli/jobs/causes.ts'

const test = suite('causes of failed jobs')

const failed = (job: string, needs: string[] = []): EndedJob => ({
  ...{ job, state: 'failed', needs, member: 'n2', attempt: 3, reason: 'exit 1 in phase build', tail: ['a', 'b'] }
})
const skipped = (job: string, needs: string[]): EndedJob => ({ job, state: 'skipped', needs })
const done = (job: string): EndedJob => ({ job, state: 'done', needs: [] })

test('a failure that nobody inherits is told alone, with its last lines and how to see the rest', () => {
  assert.equal(describeFailures(failuresIn([done('a'), failed('lib')]), 'R'), [
    'lib failed on n2, attempt 3: exit 1 in phase build',
    '  last lines of lib:',
    '  | a',
    '  | b',
    '  its log: bak job log R/lib'
  ])
})

test('of a job that no member has begun there is no log to look at', () => {
  const jobs = [{ job: 'x', state: 'failed', needs: [], reason: 'it needs 9 cores' } satisfies EndedJob]
  assert.equal(describeFailures(failuresIn(jobs), 'R'), ['x failed: it needs 9 cores'])
})

test('a failure reaches every job that nobody needs, each by its shortest chain', () => {
  const jobs = [failed('lib'), skipped('mid', ['lib']), skipped('app', ['mid', 'lib']), skipped('site', ['mid'])]
  assert.equal(describeFailures(failuresIn(jobs), 'R', false), [
    'app skipped <- lib failed on n2, attempt 3: exit 1 in phase build',
    'site skipped <- mid skipped <- lib failed on n2, attempt 3: exit 1 in phase build'
  ])
})

test('two failures have a chain each to the job that needs both', () => {
  const jobs = [failed('one'), failed('two'), skipped('app', ['one', 'two'])]
  assert.equal(
    failuresIn(jobs).map(({ chains }) => chains),
    [[['app', 'one']], [['app', 'two']]]
  )
})

test('of many failures, and of many chains of one, the first are told and the others counted', () => {
  const many = Array.from({ length: 20 }, (_, i) => failed(`f${i}`))
  const lines = describeFailures(failuresIn(many), 'R', false)
  assert.is(lines.length, 5)
  assert.is(lines.at(-1), '16 more jobs failed: f4, f5, f6, f7 and 12 more')
  const wide = [failed('lib'), ...Array.from({ length: 10 }, (_, i) => skipped(`app${i}`, ['lib']))]
  assert.is(describeFailures(failuresIn(wide), 'R', false).at(-1), 'and 7 more jobs that nobody needs <- lib')
})

test('a failure that is known without its member, phase or reason is told as far as it is', () => {
  const [only] = failuresIn([{ job: 'a', state: 'failed', needs: [] }])
  assert.is(only?.how, 'a failed')
})

/** Jobs in an order in which each needs earlier ones only; those that need a bad one are skipped. */
const graphs = fc
  .array(fc.tuple(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), fc.boolean()), { minLength: 1, maxLength: 30 })
  .map(rows =>
    rows.reduce<EndedJob[]>((jobs, [picks, isBad]) => {
      const needs = [...new Set(picks)].flatMap(at => jobs[at] ?? [])
      const isSkipped = needs.some(({ state }) => state !== 'done')
      const state = isSkipped ? 'skipped' : isBad ? 'failed' : 'done'
      jobs.push({ job: `j${jobs.length}`, state, needs: needs.map(({ job }) => job) })
      return jobs
    }, [])
  )

test('each chain goes along needs from a job that nobody skipped needs to the failure, and no such job is left out', () => {
  fc.assert(
    fc.property(graphs, jobs => {
      const byName = new Map(jobs.map(each => [each.job, each]))
      const told = new Set<string>()
      for (const { job, chains } of failuresIn(jobs))
        for (const chain of chains) {
          assert.is(chain.at(-1), job)
          told.add(chain[0] as string)
          for (const [i, from] of chain.slice(0, -1).entries())
            assert.ok(byName.get(from)?.needs.includes(chain[i + 1] as string))
        }
      const skipped = jobs.filter(({ state }) => state === 'skipped')
      const last = skipped.filter(({ job }) => !skipped.some(({ needs }) => needs.includes(job)))
      assert.equal([...told].sort(), last.map(({ job }) => job).sort())
    })
  )
})

test('of four thousand jobs behind one failure are found at once', () => {
  const jobs = [failed('j0'), ...Array.from({ length: 4095 }, (_, i) => skipped(`j${i + 1}`, [`j${i}`, 'j0']))]
  const began = performance.now()
  const [only] = failuresIn(jobs)
  assert.equal(only?.chains, [['j4095', 'j0']])
  assert.ok(performance.now() - began < 1_000)
})

test.run()
