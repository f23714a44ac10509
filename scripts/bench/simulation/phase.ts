/**
 * A phase among peers that are not there: the real roster says who is asked and how many are needed, the real quorum when it
 * is over; the time that the real quorum takes here is time of the controller there.
 */
import { judge } from '../../../node/run/quorum.ts'
import { candidatesOf, neededBy } from '../../../node/run/roster.ts'
import { check } from '../../../protocols/codec.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'
import { type Costs, spread } from './gossip.ts'
import { CONTROLLER, type Factors, type GossipParameters, type Place, randomFrom, World } from './world.ts'

export interface PhaseCosts extends Costs {
  /** A member does nothing, and signs that it has. */
  act: number
  /** The controller takes an answer: frame, signature, journal. */
  answer: number
  /** An answer in a certificate, for each peer that decodes it. */
  acknowledged: number
}

/** Bytes of a command, and of an answer in a certificate. */
export interface Sizes {
  command: number
  ack: number
}

export interface PhaseInit {
  members: number
  place: Place
  costs: PhaseCosts
  factors: Factors
  sizes: Sizes
  parameters: GossipParameters
}

export interface Simulated {
  /** ms from the command's issue to its certificate. */
  latency: number
  /** ms of processor time. */
  controller: number
  members: number
  /** Bytes of the certificate. */
  certificate: number
}

export function simulatePhase({ members, place, costs, factors, sizes, parameters }: PhaseInit): Simulated {
  const random = randomFrom(members)
  const world = new World({ peers: members + 1, degree: parameters.D, place, factors, random })
  const connected = Array.from({ length: members }, (_, i) => i + 1)
  const needed = neededOfRoster(members)
  let ok = 0
  const certificate = members * sizes.ack
  const gossip = { from: CONTROLLER, connected, costs, parameters }
  let latency = 0
  spread(world, {
    ...{ ...gossip, bytes: sizes.command },
    onFirst: peer => world.work(peer, costs.act, () => world.arrive(() => answer(peer)))
  })
  world.agenda.run()
  const controller = world.spent[CONTROLLER] as number
  return { latency, certificate, controller, members: world.spent.reduce((sum, each) => sum + each, -controller) }

  function answer(peer: number): void {
    ok++
    const began = performance.now()
    const verdict = judge({ needed, ok, waiting: members - ok, deadlinePassed: false })
    world.busy(CONTROLLER, performance.now() - began)
    world.work(CONTROLLER, costs.answer, () => {
      if (verdict !== 'open') certify()
    })
  }

  /** The phase is over when its certificate is made; that it then spreads is part of its cost. */
  function certify(): void {
    const reading = members * costs.acknowledged
    world.work(CONTROLLER, reading, () => {
      latency = world.agenda.now
      const heavier = { ...costs, first: costs.first + reading }
      spread(world, { ...gossip, costs: heavier, bytes: certificate, onFirst: () => {} })
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
