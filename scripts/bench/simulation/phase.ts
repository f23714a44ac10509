/**
 * A phase among peers that are not there: the real roster says who is asked and how many are needed, the real quorum when it
 * is over; the time that the real quorum takes here is time of the controller there. The command goes to every member in one hop;
 * its acknowledgement goes to the controller or to the member above it in the tree, which sends up what it has once all below it have
 * answered. The controller verifies each before it counts; a few members get a copy of the certificate. Left out are the 100 ms after which an
 * aggregator sends what it has, and what the mesh hears later, of many phases at once.
 */
import { REPLICAS } from '../../../node/run/certifier.ts'
import { judge } from '../../../node/run/quorum.ts'
import { candidatesOf, neededBy } from '../../../node/run/roster.ts'
import { check } from '../../../protocols/codec.ts'
import { MAX_BATCH_ACKS } from '../../../protocols/run-stream.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'
import { type Subtree, tree } from './tree.ts'
import { CONTROLLER, type Factors, type GossipParameters, type Place, randomFrom, World } from './world.ts'

export interface PhaseCosts {
  /** Putting a message on a connection. */
  send: number
  /** A member reads and verifies the command, does nothing, and signs that it has. */
  act: number
  /** The controller takes an acknowledgement that comes alone: frame, signature, journal. */
  answer: number
  /** An aggregator, or the controller, takes a batch: a frame. */
  batch: number
  /** The controller verifies one acknowledgement of a batch. */
  verify: number
  /** An acknowledgement in the certificate that is made. */
  acknowledged: number
}

export interface PhaseInit {
  members: number
  place: Place
  costs: PhaseCosts
  factors: Factors
  parameters: GossipParameters
  /** The subtrees directly below the controller; those of a run if not given. */
  shape?: Subtree[]
}

export interface Simulated {
  /** ms from the command's issue to its certificate. */
  latency: number
  /** ms of processor time. */
  controller: number
  members: number
}

export function simulatePhase(init: PhaseInit): Simulated {
  const { members, place, costs, factors, parameters, shape = tree(init.members) } = init
  const random = randomFrom(members)
  const world = new World({ peers: members + 1, degree: parameters.D, place, factors, random })
  const needed = neededOfRoster(members)
  /** What follows once a member has acted, by its number. */
  const acted = new Map<number, () => void>()
  let ok = 0
  let latency = 0
  for (const subtree of shape) aggregate(subtree, count)
  for (const [member, then] of acted) {
    world.work(CONTROLLER, costs.send, () => world.arrive(() => world.work(member, costs.act, then)))
  }
  world.agenda.run()
  const controller = world.spent[CONTROLLER] as number
  return { latency, controller, members: world.spent.reduce((sum, each) => sum + each, -controller) }

  /** @param onAcks gets how many acknowledgements came at once, where they were sent to */
  function aggregate({ root, children }: Subtree, onAcks: (acks: number) => void): void {
    let acks = 0
    let waiting = 1 + children.length
    const take = (more: number) => {
      acks += more
      waiting--
      if (waiting === 0) world.work(root, costs.send * framesOf(acks), () => world.arrive(() => onAcks(acks)))
    }
    acted.set(root, () => take(1))
    for (const child of children) {
      aggregate(child, more => world.work(root, costs.batch * framesOf(more), () => take(more)))
    }
  }

  function count(acks: number): void {
    const cost = acks === 1 ? costs.answer : costs.batch * framesOf(acks) + costs.verify * acks
    world.work(CONTROLLER, cost, () => {
      const began = performance.now()
      let verdict: ReturnType<typeof judge> = 'open'
      for (let i = 0; i < acks; i++) {
        ok++
        verdict = judge({ needed, ok, waiting: members - ok, deadlinePassed: false })
      }
      world.busy(CONTROLLER, performance.now() - began, () => {
        if (verdict !== 'open') certify()
      })
    })
  }

  function certify(): void {
    world.work(CONTROLLER, members * costs.acknowledged + REPLICAS * costs.send, () => {
      latency = world.agenda.now
    })
  }
}

const framesOf = (acks: number) => Math.ceil(acks / MAX_BATCH_ACKS)

/** How many the real roster needs of so many peers that are all here and fit. */
function neededOfRoster(members: number): number {
  const spec: Spec = check(specSchema, { command: ['true'], tools: [] })
  const here = Array.from({ length: members }, (_, i) => {
    const name = `m${i + 1}`
    return { peer: name, name, shown: name, labels: {}, registered: [] }
  })
  return neededBy(spec.policy.quorum, candidatesOf(spec, here))
}
