/** What the workloads of members do, as lines for people. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeLine, linesOf, noteWork, resetLines } from '../../cli/work-lines.ts'
import { PEER } from './fake.ts'

const test = suite('lines of workloads')
const step = { number: 1, name: 'default', sample: 1 }
const roster = (instances: number) => [
  { peer: PEER, name: 'a', rank: 0, tools: [], workloads: [{ name: 'c', instances, rank: 0 }] }
]
const told = (state: 'started' | 'ready' | 'ended', instance = 1, more: object = {}) =>
  ({ type: 'work', step, member: 'a', role: 'client', workload: 'c', instance, state, since: 1, ...more }) as const
const signed = (instance: number, more: object) =>
  ({
    type: 'workload-ended',
    step,
    member: 'a',
    name: 'c',
    instance,
    duration: 2_000,
    timedOut: false,
    ...more
  }) as const

/** @returns what a log says, and the line at the end */
function follow(instances: number, ...events: Parameters<typeof noteWork>[1][]) {
  let lines = linesOf(roster(instances))
  const notes: string[] = []
  for (const event of events) {
    const next = noteWork(lines, event)
    lines = next.lines
    if (next.note != null) notes.push(`${next.note.label} on ${next.note.member} ${next.note.words}`)
  }
  return { notes, line: describeLine(lines[0] as (typeof lines)[0]), lines }
}

test('one instance is started, ready and ended, and each is said once', () => {
  const { notes, line } = follow(
    1,
    told('started'),
    told('ready'),
    told('ended', 1, { exit: 0, duration: 2_000 }),
    signed(1, { exit: 0 })
  )
  assert.equal(notes, ['c on a started', 'c on a ready', 'c on a ended: exit 0 after 2.0 s'])
  assert.is(line, 'ended (exit 0)')
})

test('several are said together, but for failures', () => {
  const { notes, line } = follow(
    3,
    told('started', 1),
    told('started', 2),
    told('started', 3),
    told('ended', 2, { exit: 4, error: 'no route' }),
    told('ended', 1, { exit: 0 }),
    signed(3, { exit: 0 })
  )
  assert.equal(notes, ['c on a started, 3 of it', 'c.2 on a failed: exit 4: no route', 'c on a ended, 2 of 3 well'])
  assert.is(line, '3 of 3 ended, 1 failed (exit 4)')
})

test('what was stopped is no failure, and what is of nobody is nothing', () => {
  const { notes } = follow(1, told('ended', 1, { signal: 'SIGTERM', stopped: true, duration: 5 }))
  assert.equal(notes, ['c on a stopped after 5 ms'])
  assert.equal(follow(1, { ...told('started'), member: 'b' }).notes, [])
})

test('a new sample begins anew', () => {
  const { lines } = follow(2, told('started', 1), told('ended', 1, { exit: 1 }))
  assert.equal(resetLines(lines), linesOf(roster(2)))
  assert.is(describeLine(resetLines(lines)[0] as (typeof lines)[0]), 'waits')
})
test.run()
