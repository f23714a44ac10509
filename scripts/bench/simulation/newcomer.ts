/** A peer that has just come: the mesh hears of it by gossip, and it gets the records of all from the first it meets. */
import { type Costs, spread } from './gossip.ts'
import { type Factors, type GossipParameters, type Place, randomFrom, World } from './world.ts'

/** A record is about so large, bytes. */
const BYTES = 900
/** To decode one and to verify it, where many come at once, ms before the factor. */
const RECORD = 0.25

export interface NewcomerInit {
  members: number
  place: Place
  costs: Costs
  factors: Factors
  parameters: GossipParameters
}

/** @returns ms until the last member knows it, and it knows them all */
export function simulateNewcomer({ members, place, costs, factors, parameters }: NewcomerInit): number {
  const random = randomFrom(members)
  const world = new World({ peers: members + 1, degree: parameters.D, place, factors, random })
  // the last one's links are all to those that were there before
  const from = members
  const connected = world.neighbours[from] as number[]
  let last = 0
  const known = () => {
    last = world.agenda.now
  }
  for (let i = 0; i < members; i++) world.work(from, RECORD, known)
  spread(world, { from, connected, bytes: BYTES, costs, parameters, onFirst: known })
  world.agenda.run()
  return last
}
