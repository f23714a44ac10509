/**
 * A phase of a simulated mesh. The real roster says how many members are needed, the real quorum when the phase is over; the time
 * that the real quorum takes here counts as the controller's. The command is published on the run's topic: in one hop where the
 * controller has a connection to every member, else members pass it on. An answer takes the member's own stream to the controller,
 * or to its parent in the tree, which sends up its batch once all below it have answered; a few members get a copy of the
 * certificate. Repeats are left out.
 */

import { MAX_CONNECTIONS } from '../../../node/mesh/libp2p/libp2p.ts'
import { REPLICAS } from '../../../node/run/certifier.ts'
import { judge } from '../../../node/run/quorum.ts'
import { candidatesOf, neededBy } from '../../../node/run/roster.ts'
import { check } from '../../../protocols/codec.ts'
import { randomFrom } from '../../../protocols/random.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'
import { type GossipCosts, spread } from './gossip.ts'
import { type Numbered, subtrees } from './subtrees.ts'
import { CONTROLLER, type Factors, type GossipParameters, type Place, World } from './world.ts'

/** A signed command is about so long, bytes. */
const COMMAND_BYTES = 400

/** Processor time, ms. */
export interface PhaseCosts extends GossipCosts {
  /** The controller takes an answer: frame, signature, journal. */
  answer: number
  /** A peer takes a batch of answers: a frame. */
  batch: number
  /** The controller verifies an answer out of a batch. */
  verify: number
  /** An answer in the certificate that is made. */
  acknowledged: number
}

export interface PhaseInit {
  members: number
  place: Place
  costs: PhaseCosts
  factors: Factors
  parameters: GossipParameters
}

export interface Simulated {
  /** ms from the command's issue to its certificate. */
  latency: number
  /** ms of processor time. */
  controller: number
  members: number
}

export function simulatePhase({ members, place, costs, factors, parameters }: PhaseInit): Simulated {
  const random = randomFrom(members)
  const world = new World({ peers: members + 1, degree: parameters.D, place, factors, random })
  const needed = neededOfRoster(members)
  const batches = batchesOf(members)
  let ok = 0
  let latency = 0
  const reached = Math.min(members, MAX_CONNECTIONS)
  spread(world, {
    ...{ from: CONTROLLER, bytes: COMMAND_BYTES, costs, parameters },
    connected: Array.from({ length: reached }, (_, i) => i + 1),
    passedOn: reached < members,
    onActed: member => answer(member, 1)
  })
  world.agenda.run()
  const controller = world.spent[CONTROLLER] as number
  return { latency, controller, members: world.spent.reduce((sum, each) => sum + each, -controller) }

  /** @param count answers that came, or were made, at a member at once */
  function answer(member: number, count: number): void {
    const batch = batches[member] as Batch
    batch.count += count
    batch.waiting--
    if (batch.waiting > 0) return
    const { count: all, parent } = batch
    world.work(member, costs.send, () =>
      world.arrive(() => {
        if (parent === CONTROLLER) take(all)
        else world.work(parent, costs.batch, () => answer(parent, all))
      })
    )
  }

  function take(count: number): void {
    ok += count
    const began = performance.now()
    const verdict = judge({ needed, ok, waiting: members - ok, deadlinePassed: false })
    world.busy(CONTROLLER, performance.now() - began)
    world.work(CONTROLLER, count === 1 ? costs.answer : costs.batch + count * costs.verify, () => {
      if (verdict !== 'open') certify()
    })
  }

  function certify(): void {
    world.work(CONTROLLER, members * costs.acknowledged + REPLICAS * costs.send, () => {
      latency = world.agenda.now
    })
  }
}

interface Batch {
  /** The peer that it is sent to. */
  parent: number
  /** Answers so far, and how many messages with answers are still to come; its own is one. */
  count: number
  waiting: number
}

/** @returns the batch of each member, by its number */
function batchesOf(members: number): Batch[] {
  const all: Batch[] = []
  const fill = (parent: number, list: Numbered[]) => {
    for (const { root, children } of list) {
      all[root] = { parent, count: 0, waiting: 1 + children.length }
      fill(root, children)
    }
  }
  fill(CONTROLLER, subtrees(members))
  return all
}

/** How many the real roster needs of so many peers that are all here and fit. */
function neededOfRoster(members: number): number {
  const spec: Spec = check(specSchema, { command: ['true'], tools: [] })
  const here = Array.from({ length: members }, (_, i) => {
    const name = `m${i + 1}`
    return { peer: name, name, shown: name, labels: {}, registered: [] }
  })
  return neededBy(spec.policy.quorum, candidatesOf(spec, here))
}
