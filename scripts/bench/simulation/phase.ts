/**
 * A phase of a simulated mesh. The real roster says how many members are needed, the real quorum when the phase is over; the time
 * that the real quorum takes here counts as the controller's. The command is published on the run's topic: in one hop where the
 * controller has a connection to every member, else members pass it on. An answer takes the member's own stream, or that of the
 * head of its branch, which sends up what it gathered once all below it have answered; a few members get a copy of the
 * certificate. Gathered answers are verified after that, while the next phase would be open. Repeats are left out.
 */
import { MAX_CONNECTIONS } from '../../../node/mesh/libp2p/libp2p.ts'
import { HOLDERS } from '../../../node/run/phase-runner.ts'
import { judge } from '../../../node/run/quorum.ts'
import { candidatesOf, neededBy } from '../../../node/run/roster.ts'
import { check } from '../../../protocols/codec.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'
import { type Branch, branches } from './branches.ts'
import { type GossipCosts, spread } from './gossip.ts'
import { CONTROLLER, type Factors, type GossipParameters, type Place, randomFrom, World } from './world.ts'

/** A signed command is about so long, bytes. */
const COMMAND_BYTES = 400

/** Processor time, ms. */
export interface PhaseCosts extends GossipCosts {
  /** The controller takes an answer: frame, signature, journal. */
  answer: number
  /** A head, or the controller, takes what was gathered below another: a frame. */
  gather: number
  /** The controller verifies an answer that was gathered, after the phase. */
  open: number
  /** An answer in a certificate that is made, and one that was gathered. */
  acknowledged: number
  bundled: number
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
  const gatherings = gatheringsOf(members)
  let ok = 0
  let bundled = 0
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
    const gathering = gatherings[member] as Gathering
    gathering.count += count
    gathering.waiting--
    if (gathering.waiting > 0) return
    const { count: all, above } = gathering
    world.work(member, costs.send, () =>
      world.arrive(() => {
        if (above === CONTROLLER) take(all)
        else world.work(above, all === 1 ? costs.answer : costs.gather, () => answer(above, all))
      })
    )
  }

  function take(count: number): void {
    ok += count
    const began = performance.now()
    const verdict = judge({ needed, ok, waiting: members - ok, deadlinePassed: false })
    world.busy(CONTROLLER, performance.now() - began)
    if (count > 1) bundled += count
    world.work(CONTROLLER, count === 1 ? costs.answer : costs.gather, () => {
      if (verdict !== 'open') certify()
    })
  }

  function certify(): void {
    const cost = (members - bundled) * costs.acknowledged + bundled * costs.bundled
    world.work(CONTROLLER, cost + HOLDERS * costs.send, () => {
      latency = world.agenda.now
      world.work(CONTROLLER, bundled * costs.open, () => {})
    })
  }
}

interface Gathering {
  /** Who takes what is gathered. */
  above: number
  /** Answers so far, and how many messages with answers are still to come; its own is one. */
  count: number
  waiting: number
}

/** @returns what each member gathers, by its number */
function gatheringsOf(members: number): Gathering[] {
  const all: Gathering[] = []
  const fill = (above: number, list: Branch[]) => {
    for (const { head, below } of list) {
      all[head] = { above, count: 0, waiting: 1 + below.length }
      fill(head, below)
    }
  }
  fill(CONTROLLER, branches(members))
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
