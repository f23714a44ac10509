/** The order of a graph of jobs, its edges both ways, and circles. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cycleIn, graphOfJobs, neededBy, reachable } from '../../../protocols/jobs/graph.ts'
import { makeJob, makeJobs, someGraph } from './some-jobs.ts'

const graph = suite('the graph of jobs')

graph('a diamond has one root, and its shared job once', () => {
  const { order, needs, dependents, roots } = graphOfJobs(
    makeJobs({ app: ['left', 'right'], left: ['base'], right: ['base'], base: [] })
  )
  assert.equal(order, ['base', 'left', 'right', 'app'])
  assert.equal(needs.get('app'), ['left', 'right'])
  assert.equal(dependents.get('base'), ['left', 'right'])
  assert.equal(roots, ['app'])
})

graph('jobs without needs stay in the order of the file', () => {
  assert.equal(graphOfJobs(makeJobs({ c: [], a: [], b: [] })).order, ['c', 'a', 'b'])
})

graph('an input that is of a job needs that job, once', () => {
  const job = makeJob('app', { needs: ['lib'], inputs: [{ job: 'lib', output: 'x' }, { job: 'gen' }, 'src'] })
  assert.equal(neededBy(job), ['lib', 'gen'])
})

graph('a need of a job that is not in the graph is no part of it', () => {
  const { needs, roots } = graphOfJobs(makeJobs({ app: ['tool'] }))
  assert.equal(needs.get('app'), [])
  assert.equal(roots, ['app'])
})

graph('a circle is told with its whole path, and nothing of what only leads to it', () => {
  assert.equal(cycleIn(makeJobs({ top: ['a'], a: ['b'], b: ['c'], c: ['a'] })), ['a', 'b', 'c', 'a'])
  assert.equal(cycleIn(makeJobs({ a: ['a'] })), ['a', 'a'])
  assert.is(cycleIn(makeJobs({ a: ['b'], b: [] })), undefined)
})

graph('any order has each job once, behind all that it needs; edges are the same both ways', () => {
  fc.assert(
    fc.property(someGraph, jobs => {
      const { order, needs, dependents, roots } = graphOfJobs(jobs)
      assert.equal([...order].sort(), jobs.map(({ name }) => name).sort())
      const at = new Map(order.map((name, i) => [name, i]))
      const edges = jobs.flatMap(({ name, needs }) => needs.map(({ job }) => `${job} ${name}`))
      for (const { name } of jobs)
        for (const need of needs.get(name) ?? []) assert.ok((at.get(need) as number) < (at.get(name) as number))
      assert.equal([...needs].flatMap(([name, all]) => all.map(need => `${need} ${name}`)).sort(), edges.sort())
      assert.equal([...dependents].flatMap(([name, all]) => all.map(other => `${name} ${other}`)).sort(), edges)
      assert.equal(roots.sort(), order.filter(name => !edges.some(each => each.startsWith(`${name} `))).sort())
      assert.is(cycleIn(jobs), undefined)
    })
  )
})

graph('any circle that is found is one', () => {
  fc.assert(
    fc.property(someGraph, fc.nat(), fc.nat(), (jobs, from, to) => {
      const [a, b] = [jobs[from % jobs.length], jobs[to % jobs.length]] as const
      // the other way round of what it needs already
      const closed = jobs.map(each =>
        each === a ? { ...each, needs: [...each.needs, { job: b?.name as string }] } : each
      )
      const path = cycleIn(closed)
      const { order, dependents } = graphOfJobs(jobs)
      const isCircle =
        a === b || reachable({ order } as never, dependents, a?.name as string).includes(b?.name as string)
      assert.is(path != null, isCircle)
      if (path == null) return
      assert.is(path[0], path.at(-1))
      assert.is(new Set(path).size, path.length - 1)
      for (const [i, name] of path.slice(0, -1).entries())
        assert.ok(closed.find(each => each.name === name)?.needs.some(({ job }) => job === path[i + 1]))
    })
  )
})

graph('what is reachable is all of it, in the order of the graph', () => {
  const all = graphOfJobs(makeJobs({ app: ['left', 'right'], left: ['base'], right: ['base'], base: [], other: [] }))
  assert.equal(reachable(all, all.needs, 'app'), ['base', 'left', 'right'])
  assert.equal(reachable(all, all.dependents, 'base'), ['left', 'right', 'app'])
  assert.equal(reachable(all, all.dependents, 'other'), [])
})

graph('a chain and a fan of 4,096 jobs are no trouble', () => {
  const names = Array.from({ length: 4_096 }, (_, i) => `j${i}`)
  const chain = makeJobs(Object.fromEntries(names.map((name, i) => [name, i === 4_095 ? [] : [`j${i + 1}`]])))
  assert.is(graphOfJobs(chain).order[0], 'j4095')
  assert.is(cycleIn([...chain.slice(0, -1), makeJob('j4095', { needs: ['j0'] })])?.length, 4_097)
  const fan = makeJobs(Object.fromEntries(names.map((name, i) => [name, i === 0 ? [] : ['j0']])))
  assert.is(graphOfJobs(fan).dependents.get('j0')?.length, 4_095)
})

graph.run()
