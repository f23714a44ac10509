/** Jobs that wait for a member: who is first, who is passed over, and what members hear is wanted. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Requirements } from '../../../node/run/jobs/eligible.ts'
import { JobQueue } from '../../../node/run/jobs/job-queue.ts'

const test = suite('jobs that wait for a member')

const memberOf = (peer: string, max: number) => ({
  ...{ peer, left: undefined as string | undefined, max, free: max, ours: 0 },
  facts: {
    ...{ peer, name: peer, rank: 0, fits: (on: string) => on === 'all' || on === peer, cores: 4, memory: 1e9 },
    ...{ platform: 'linux-x64', slots: max }
  }
})
type Member = ReturnType<typeof memberOf>

const jobOf = (place: number, job: Partial<Requirements> = {}, excluded: string[] = []) => ({
  place,
  job: { on: 'all', cores: 0, memory: 0, slots: 1, ...job },
  excluded: new Map(excluded.map(each => [each, 'refused it']))
})
type Queued = ReturnType<typeof jobOf>

function queueOf(members: Member[], jobs: Queued[]) {
  const queue = new JobQueue<Queued, Member>(members)
  for (const job of jobs) queue.add(job)
  /** @returns the places of the jobs that were given away, and to whom */
  const give = () => {
    const given: Array<[number, string]> = []
    const place = (job: Queued, [first]: Member[]) => {
      if (first == null) throw new Error('nobody')
      first.free -= job.job.slots
      first.ours += job.job.slots
      given.push([job.place, first.peer])
    }
    queue.give(place, ({ free, ours }) => free + ours)
    return given
  }
  return { queue, give }
}

test('the oldest is first, whatever it asks, and what is full gets nothing', () => {
  const { give, queue } = queueOf(
    [memberOf('a', 2), memberOf('b', 1)],
    [jobOf(3), jobOf(1, { on: 'b' }), jobOf(0, { on: 'a' }), jobOf(2, { on: 'b' })]
  )
  assert.equal(give(), [
    [0, 'a'],
    [1, 'b'],
    [3, 'a']
  ])
  assert.is(queue.size, 1)
})

test('a member that is out for a job is passed over for this one only', () => {
  const { give } = queueOf([memberOf('a', 1), memberOf('b', 1)], [jobOf(0, {}, ['a']), jobOf(1)])
  assert.equal(give(), [
    [0, 'b'],
    [1, 'a']
  ])
})

test('one that needs more slots than are free keeps a member from younger ones, but no other, and only where it can have them', () => {
  const [a, b] = [memberOf('a', 4), memberOf('b', 2)]
  a.free = 1
  a.ours = 3
  const { give } = queueOf([a, b], [jobOf(0, { slots: 4 }), jobOf(1), jobOf(2), jobOf(3)])
  assert.equal(give(), [
    [1, 'b'],
    [2, 'b']
  ])
  const other = memberOf('a', 4)
  other.free = 1
  const { give: giveOther } = queueOf([other], [jobOf(0, { slots: 4 }), jobOf(1)])
  assert.equal(giveOther(), [[1, 'a']], 'other runs have its slots')
})

test('what is removed is not given, and may come again', () => {
  const job = jobOf(0)
  const { queue, give } = queueOf([memberOf('a', 3)], [job, jobOf(1)])
  queue.remove(job)
  queue.remove(job)
  assert.equal(give(), [[1, 'a']])
  queue.add(job)
  queue.add(job)
  assert.equal(give(), [[0, 'a']])
  assert.is(queue.size, 0)
})

test('members hear what could run on them', () => {
  const [a, b] = [memberOf('a', 4), memberOf('b', 2)]
  const { queue } = queueOf([a, b], [jobOf(0, { slots: 3 }), jobOf(1), jobOf(2, { on: 'b' })])
  assert.equal(queue.wanted().get(a), { slots: 4, most: 3 })
  assert.equal(queue.wanted().get(b), { slots: 2, most: 1 })
})

test('when a member leaves, the jobs that only it could run are said', () => {
  const [a, b] = [memberOf('a', 1), memberOf('b', 1)]
  const only = jobOf(0, { on: 'a' })
  const { queue, give } = queueOf([a, b], [only, jobOf(1)])
  a.left = 'it was excluded'
  assert.equal(queue.rebuild(), [only])
  assert.equal(give(), [[1, 'b']])
})

test('no member gets more than is free, and none is left with room for the oldest of a line', () => {
  const job = fc.record({ slots: fc.integer({ min: 1, max: 3 }), on: fc.constantFrom('all', 'a', 'b') })
  fc.assert(
    fc.property(
      fc.array(job, { maxLength: 20 }),
      fc.array(fc.integer({ min: 3, max: 5 }), { minLength: 2, maxLength: 2 }),
      (asked, sizes) => {
        const members = sizes.map((size, i) => memberOf(i === 0 ? 'a' : 'b', size))
        const jobs = asked.map((each, place) => jobOf(place, each))
        const { queue, give } = queueOf(members, jobs)
        const given = new Set(give().map(([place]) => place))
        assert.is(queue.size, jobs.length - given.size)
        for (const { free } of members) assert.ok(free >= 0)
        const first = jobs.find(({ place }) => !given.has(place))
        if (first == null) return
        for (const { peer, free } of members) {
          if (first.job.on === 'all' || first.job.on === peer) assert.ok(free < first.job.slots)
        }
      }
    )
  )
})

test.run()
