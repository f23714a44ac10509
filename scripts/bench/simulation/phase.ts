/**
 * A phase among peers that are not there: the real roster says who is asked and how many are needed, the real quorum when it
 * is over; the time that the real quorum takes here is time of the controller there. Command and answer take each member's
 * own stream, or that of the head of its branch, which sends up what it gathered once all below it have answered; of the certificate
 * a few members get a copy. What was gathered is opened after that, while the next phase would be under way. What the mesh hears
 * later, of many phases at once, is left out.
 */
import { HOLDERS } from '../../../node/run/phase-runner.ts'
import { judge } from '../../../node/run/quorum.ts'
import { candidatesOf, neededBy } from '../../../node/run/roster.ts'
import { check } from '../../../protocols/codec.ts'
import { type Spec, spec as specSchema } from '../../../protocols/spec.ts'
import { type Branch, branches } from './branches.ts'
import { CONTROLLER, type Factors, type GossipParameters, type Place, randomFrom, World } from './world.ts'

export interface PhaseCosts {
  /** Putting a message on a stream. */
  send: number
  /** A member reads and verifies the command, does nothing, and signs that it has. */
  act: number
  /** The controller takes an answer: frame, signature, journal. */
  answer: number
  /** A head, or the controller, takes what was gathered below another: a frame. */
  gather: number
  /** The controller opens an answer that was gathered, after the phase. */
  open: number
  /** An answer in a certificate that is made, and one in a bundle. */
  acknowledged: number
  bundled: number
}

export interface PhaseInit {
  members: number
  place: Place
  costs: PhaseCosts
  factors: Factors
  parameters: GossipParameters
  /** Whom the controller tells; those whom it tells in a run if not given. */
  shape?: Branch[]
}

export interface Simulated {
  /** ms from the command's issue to its certificate. */
  latency: number
  /** ms of processor time. */
  controller: number
  members: number
}

export function simulatePhase(init: PhaseInit): Simulated {
  const { members, place, costs, factors, parameters, shape = branches(init.members) } = init
  const random = randomFrom(members)
  const world = new World({ peers: members + 1, degree: parameters.D, place, factors, random })
  const needed = neededOfRoster(members)
  let ok = 0
  let bundled = 0
  let latency = 0
  tell(CONTROLLER, shape, take)
  world.agenda.run()
  const controller = world.spent[CONTROLLER] as number
  return { latency, controller, members: world.spent.reduce((sum, each) => sum + each, -controller) }

  /** @param onAnswers gets how many answers came at once, where they were sent to */
  function tell(from: number, below: Branch[], onAnswers: (count: number) => void): void {
    for (const branch of below) {
      world.work(from, costs.send, () => world.arrive(() => obey(branch, onAnswers)))
    }
  }

  function obey({ head, below }: Branch, onAnswers: (count: number) => void): void {
    let gathered = 0
    let waiting = 1 + below.length
    const gather = (count: number) => {
      gathered += count
      waiting--
      if (waiting === 0) world.work(head, costs.send, () => world.arrive(() => onAnswers(gathered)))
    }
    // those below it begin before it does
    tell(head, below, count => world.work(head, count === 1 ? costs.answer : costs.gather, () => gather(count)))
    world.work(head, costs.act, () => gather(1))
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

/** How many the real roster needs of so many peers that are all here and fit. */
function neededOfRoster(members: number): number {
  const spec: Spec = check(specSchema, { command: ['true'], tools: [] })
  const here = Array.from({ length: members }, (_, i) => {
    const name = `m${i + 1}`
    return { peer: name, name, shown: name, labels: {}, registered: [] }
  })
  return neededBy(spec.policy.quorum, candidatesOf(spec, here))
}
