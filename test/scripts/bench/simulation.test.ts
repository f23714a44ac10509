import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomFrom } from '../../../protocols/random.ts'
import { Agenda } from '../../../scripts/bench/simulation/agenda.ts'
import { type GossipCosts, spread } from '../../../scripts/bench/simulation/gossip.ts'
import { fit, HERE, lineOf, type Model, misfit, ROOM, simulate } from '../../../scripts/bench/simulation/model.ts'
import { FANOUT, type Numbered, subtrees } from '../../../scripts/bench/simulation/subtrees.ts'
import { gossipParameters, World } from '../../../scripts/bench/simulation/world.ts'

const simulation = suite('the simulated mesh')
const plain: Model = { controller: 1, member: 1, phase: { foot: 0, slope: 1 } }
const costs: GossipCosts = { send: 1, act: 1, again: 1, control: 1 }
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

simulation('a command reaches every peer once, in one hop or passed on', () => {
  const parameters = { D: 6, idontwantMinDataSize: 512 }
  for (const peers of [2, 7, 50, 300]) {
    for (const passedOn of [true, false]) {
      const acted = new Map<number, number>()
      const made = world(peers)
      const reached = passedOn ? Math.ceil(peers / 8) : peers - 1
      const connected = Array.from({ length: reached }, (_, i) => i + 1)
      const onActed = (peer: number) => acted.set(peer, (acted.get(peer) ?? 0) + 1)
      spread(made, { from: 0, connected, passedOn, bytes: 600, costs, parameters, onActed })
      made.agenda.run()
      assert.is(acted.size, peers - 1, `${peers} peers`)
      assert.ok([...acted.values()].every(times => times === 1))
    }
  }
})

simulation('the parameters are those of the real service', () => {
  const { D, idontwantMinDataSize } = gossipParameters()
  assert.ok(D >= 1 && idontwantMinDataSize > 0)
})

simulation('a phase takes longer with more members, and processors of their own make it shorter', () => {
  const latencies = [4, 16, 64].map(members => simulate(plain, members, HERE).latency)
  assert.ok((latencies[0] as number) < (latencies[1] as number) && (latencies[1] as number) < (latencies[2] as number))
  assert.ok(simulate(plain, 64, ROOM).latency < (latencies[2] as number))
})

simulation('each member answers once, through others where there are many', () => {
  const all = (list: Numbered[]): number[] => list.flatMap(({ root, children }) => [root, ...all(children)])
  assert.equal(
    subtrees(FANOUT).every(({ children }) => children.length === 0),
    true,
    'few are a star'
  )
  assert.ok(subtrees(FANOUT + 1).length < FANOUT)
  for (const members of [FANOUT + 1, 2_000]) {
    const numbers = all(subtrees(members)).toSorted((a, b) => a - b)
    assert.equal(
      numbers,
      Array.from({ length: members }, (_, i) => i + 1)
    )
    assert.ok(simulate(plain, members, ROOM).latency > 0)
  }
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
    return { members, latency: latency + 5, controller, others }
  })
  const model = fit(points)
  // what the real quorum takes is measured anew each time
  assert.ok(Math.abs(model.controller - 2) < 0.3 && Math.abs(model.member - 0.5) < 0.05, JSON.stringify(model))
  assert.ok(Math.abs(misfit(points)?.latency.error ?? 1) < 0.25)
  assert.ok(Math.abs(misfit(points)?.cpu.error ?? 1) < 0.25)
  assert.is(misfit(points.slice(1)), undefined)
})

simulation.run()
