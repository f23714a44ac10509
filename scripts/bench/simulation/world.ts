/**
 * Simulated peers: their links, and what their processors are busy with. The parameters of gossip are those of the real service, the
 * number of links is that of the real code.
 */
import { meshGossip } from '../../../node/mesh/gossip.ts'
import { DEGREE } from '../../../node/mesh/peering/dialer.ts'
import { Agenda } from './agenda.ts'

export interface GossipParameters {
  /** Peers that each forwards to. */
  D: number
  /** From this size on a peer tells its neighbours which messages it has already, bytes. */
  idontwantMinDataSize: number
}

/** @returns what the real gossip service was made with */
export function gossipParameters(): GossipParameters {
  const log = Object.assign(() => {}, { error() {}, trace() {}, enabled: false })
  const components = { logger: { forComponent: () => log } }
  const service = meshGossip({ mesh: '' })(components as never) as unknown as { opts: GossipParameters }
  return service.opts
}

/** Where the peers run: all on the cores of one machine, or each on a machine with a core for it. */
export interface Place {
  cores: number | 'own'
  /** ms that a message is on its way. */
  latency: number
}

/** Processor time on this machine, as multiples of the proportions. */
export interface Factors {
  controller: number
  member: number
}

export interface WorldInit {
  peers: number
  /** Neighbours in gossip. */
  degree: number
  place: Place
  factors: Factors
  random(): number
}

/** The number of the peer that publishes commands. */
export const CONTROLLER = 0

export class World {
  readonly agenda = new Agenda()
  readonly #place: Place
  /** When each core is free again. */
  readonly #free: number[]
  /** ms of processor time by peer. */
  readonly spent: number[]
  readonly #degree: number
  readonly #random: () => number
  /** Made when the first message is passed on. */
  #neighbours: number[][] | undefined
  readonly #factors: Factors

  /** @param random gives 0 to 1 */
  constructor({ peers, degree, place, factors, random }: WorldInit) {
    this.#place = place
    this.#factors = factors
    this.#free = Array(place.cores === 'own' ? peers : place.cores).fill(0)
    this.spent = Array(peers).fill(0)
    this.#degree = degree
    this.#random = random
  }

  /** @returns the peers to which one passes messages on */
  neighbours(peer: number): number[] {
    this.#neighbours ??= link(this.spent.length, this.#degree, this.#random)
    return this.#neighbours[peer] as number[]
  }

  /** @param cost ms before the factor of the peer */
  work(peer: number, cost: number, then?: () => void): void {
    this.busy(peer, cost * (peer === CONTROLLER ? this.#factors.controller : this.#factors.member), then)
  }

  /** Keeps a peer's processor busy for `cost` ms from now on, after what it has to do already. */
  busy(peer: number, cost: number, then: () => void = () => {}): void {
    const core = this.#place.cores === 'own' ? peer : leastOf(this.#free)
    const began = Math.max(this.agenda.now, this.#free[core] as number)
    this.#free[core] = began + cost
    this.spent[peer] = (this.spent[peer] as number) + cost
    this.agenda.plan(began + cost, then)
  }

  /** A message that has left a peer arrives. */
  arrive(then: () => void): void {
    this.agenda.plan(this.agenda.now + this.#place.latency, then)
  }
}

/** Each peer has about `degree` neighbours, and is theirs. @returns a peer's neighbours by its number */
function link(peers: number, degree: number, random: () => number): number[][] {
  const linked = Array.from({ length: peers }, () => new Set<number>())
  const wanted = Math.min(degree, DEGREE, peers - 1)
  for (let peer = 1; peer < peers; peer++) {
    // the first links are made to those that were there before, as newcomers make them
    for (let tries = 0; (linked[peer] as Set<number>).size < Math.min(wanted, peer) && tries < 64; tries++) {
      const other = Math.floor(random() * peer)
      if (tries < 32 && (linked[other] as Set<number>).size >= degree + 2) continue
      linked[peer]?.add(other)
      linked[other]?.add(peer)
    }
  }
  return linked.map(each => [...each])
}

function leastOf(values: number[]): number {
  return values.reduce((least, value, i) => (value < (values[least] as number) ? i : least), 0)
}
