/**
 * A phase among peers that are not there: the real roster says who is asked and how many are needed, the real quorum when it
 * is over; the time that the real quorum takes here is time of the controller there. Command and answer take each member's
 * own stream; of the certificate a few members get a copy. What the mesh hears later, of many phases at once, is left out.
 */
import { HOLDERS } from '../../../node/run/phase-runner.ts'
import { judge } from '../../../node/run/quorum.ts'
import { candidatesOf, neededBy } from '../../../node/run/roster.ts'
import { check } from '../../../protocols/codec.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'
import { CONTROLLER, type Factors, type GossipParameters, type Place, randomFrom, World } from './world.ts'

export interface PhaseCosts {
  /** Putting a message on a stream. */
  send: number
  /** A member reads and verifies the command, does nothing, and signs that it has. */
  act: number
  /** The controller takes an answer: frame, signature, journal. */
  answer: number
  /** An answer in a certificate that is made. */
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
  let ok = 0
  let latency = 0
  for (let peer = 1; peer <= members; peer++) {
    world.work(CONTROLLER, costs.send, () =>
      world.arrive(() => world.work(peer, costs.act, () => world.work(peer, costs.send, () => world.arrive(answer))))
    )
  }
  world.agenda.run()
  const controller = world.spent[CONTROLLER] as number
  return { latency, controller, members: world.spent.reduce((sum, each) => sum + each, -controller) }

  function answer(): void {
    ok++
    const began = performance.now()
    const verdict = judge({ needed, ok, waiting: members - ok, deadlinePassed: false })
    world.busy(CONTROLLER, performance.now() - began)
    world.work(CONTROLLER, costs.answer, () => {
      if (verdict !== 'open') certify()
    })
  }

  function certify(): void {
    world.work(CONTROLLER, members * costs.acknowledged + HOLDERS * costs.send, () => {
      latency = world.agenda.now
    })
  }
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
