import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Agenda } from '../../../scripts/bench/simulation/agenda.ts'
import { type Costs, spread } from '../../../scripts/bench/simulation/gossip.ts'
import { costPicture, foretell, type Measured, picture } from '../../../scripts/bench/simulation/growth.ts'
import { fit, HERE, lineOf, type Model, misfit, ROOM, simulate } from '../../../scripts/bench/simulation/model.ts'
import { FANOUT, star, tree } from '../../../scripts/bench/simulation/tree.ts'
import { gossipParameters, randomFrom, World } from '../../../scripts/bench/simulation/world.ts'

const simulation = suite('the simulated mesh')
const plain: Model = { controller: 1, member: 1, phase: { foot: 0, slope: 1 }, newcomer: { foot: 0, slope: 1 } }
const costs: Costs = { send: 1, first: 1, again: 1, control: 1 }
const world = (peers: number, degree = 6) =>
  new World({ peers, degree, place: ROOM, factors: { controller: 1, member: 1 }, random: randomFrom(peers) })

simulation('what is planned happens in order of its time, and in that of planning where times are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 60 }), times => {
      const agenda = new Agenda()
      const seen: Array<[number, number]> = []
      for (const [i, at] of times.entries()) agenda.plan(at, () => seen.push([agenda.now, i]))
      agenda.run()
      const expected = times.map((at, i) => [at, i] as [number, number]).sort((a, b) => a[0] - b[0] || a[1] - b[1])
      assert.equal(seen, expected)
    })
  )
})

simulation('a message reaches everyone once, flooded or handed on, and large ones cost fewer copies', () => {
  const parameters = { D: 6, floodPublish: false, idontwantMinDataSize: 512, maxInboundDataLength: 1e6 }
  for (const peers of [2, 7, 50, 300]) {
    for (const floodPublish of [true, false]) {
      const heard = new Map<number, number>()
      const made = world(peers)
      const connected = Array.from({ length: peers - 1 }, (_, i) => i + 1)
      const onFirst = (peer: number) => heard.set(peer, (heard.get(peer) ?? 0) + 1)
      spread(made, { from: 0, connected, bytes: 100, costs, parameters: { ...parameters, floodPublish }, onFirst })
      made.agenda.run()
      assert.is(heard.size, peers - 1, `${peers} peers`)
      assert.ok([...heard.values()].every(times => times === 1))
    }
  }
})

simulation('the parameters are those of the real service', () => {
  const { D, floodPublish, idontwantMinDataSize } = gossipParameters()
  assert.ok(D >= 1 && typeof floodPublish === 'boolean' && idontwantMinDataSize > 0)
})

simulation('a phase takes longer with more members, and processors of their own make it shorter', () => {
  const latencies = [4, 16, 64].map(members => simulate(plain, members, HERE).latency)
  assert.ok((latencies[0] as number) < (latencies[1] as number) && (latencies[1] as number) < (latencies[2] as number))
  assert.ok(simulate(plain, 64, ROOM).latency < (latencies[2] as number))
})

simulation('aggregation makes a controller of many cheaper and a phase shorter, and all answers still count', () => {
  const [alone, aggregated] = [simulate(plain, 2_000, ROOM, star(2_000)), simulate(plain, 2_000, ROOM)]
  assert.ok(aggregated.controller < alone.controller)
  assert.ok(aggregated.latency > 0 && aggregated.latency < alone.latency)
  assert.equal(tree(FANOUT), star(FANOUT), 'few are a star')
  assert.ok(tree(FANOUT + 1).length < FANOUT)
})

simulation('a line is found where there is one, and never starts below nothing', () => {
  const found = lineOf([1, 2, 5, 9].map(x => [x, 3 + 2 * x]))
  assert.ok(Math.abs(found.foot - 3) < 1e-9 && Math.abs(found.slope - 2) < 1e-9)
  assert.equal(lineOf([[4, 10]]), { foot: 6, slope: 1 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 99 })), { minLength: 1 }),
      pairs => {
        const { foot, slope } = lineOf(pairs)
        assert.ok(foot >= 0 && slope >= 0 && Number.isFinite(foot + slope), `${foot} ${slope}`)
      }
    )
  )
})

simulation('a model that is fitted to its own words foretells them', () => {
  const points = [8, 16, 32].map(members => {
    const { latency, controller, members: others } = simulate({ ...plain, controller: 2, member: 0.5 }, members, HERE)
    return { members, latency: latency + 5, controller, others, newcomer: 100 }
  })
  const model = fit(points)
  // what the real quorum takes is measured anew each time
  assert.ok(Math.abs(model.controller - 2) < 0.3 && Math.abs(model.member - 0.5) < 0.05, JSON.stringify(model))
  assert.ok(Math.abs(misfit(points)?.latency.error ?? 1) < 0.25)
  assert.ok(Math.abs(misfit(points)?.cpu.error ?? 1) < 0.25)
  assert.is(misfit(points.slice(1)), undefined)
})

simulation('what is foretold becomes a picture', () => {
  const measured: Measured[] = [8, 16].map(members => ({
    ...{ members, latency: members, controller: members, others: 4 * members },
    ...{ newcomer: 300, fanIn: 10 * members, fanInController: 5 * members }
  }))
  const model = fit(measured)
  const foretold = foretell(model, measured, [8, 64])
  assert.equal(
    foretold.map(({ members, fanIn }) => [members, fanIn]),
    [
      [8, 80],
      [64, 360]
    ]
  )
  for (const svg of [picture(model, measured, foretold, 'a < b'), costPicture(measured, foretold, 'a < b')]) {
    assert.match(svg, /^<svg [^>]+>\n(<.+>\n)+<\/svg>\n$/)
    assert.match(svg, /a &lt; b/)
    assert.not.match(svg, /NaN|Infinity|undefined/)
  }
})

simulation.run()
