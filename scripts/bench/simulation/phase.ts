/**
 * A phase among peers that are not there: the real roster says who is asked and how many are needed, the real quorum when it
 * is over; the time that the real quorum takes here is time of the controller there.
 */
import { judge, type Standing } from '../../../node/run/quorum.ts'
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
  const { names, needed } = rosterOf(members)
  const standings = new Map<string, Standing>(names.map(name => [name, 'waiting']))
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
    standings.set(names[peer - 1] as string, 'ok')
    const began = performance.now()
    const verdict = judge({ needed, standings: standings.values(), deadlinePassed: false })
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

/** Whom the real roster asks of so many peers that are all here and fit. */
function rosterOf(members: number): { names: string[]; needed: number } {
  const spec: Spec = check(specSchema, { command: ['true'], tools: [] })
  const here = Array.from({ length: members }, (_, i) => {
    const name = `m${i + 1}`
    return { peer: name, name, shown: name, labels: {}, registered: [] }
  })
  const candidates = candidatesOf(spec, here)
  return { names: candidates.map(({ peer }) => peer), needed: neededBy(spec.policy.quorum, candidates) }
}
