/**
 * Keeps this peer connected. Without a connection it dials the addresses of the ticket and the peers it remembers; with one, a handful of
 * random members, so that no single peer holds the mesh together. Now and then it dials missing peers, so that the sides of a partition
 * meet again. It never gives up: a peer that was started before the one it is to join is let in within seconds of its appearing.
 */
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { MemberView } from '../../../protocols/control.ts'
import { Backoff } from '../../backoff.ts'
import { listen } from '../../listen.ts'
import type { Log } from '../../log.ts'
import { Part } from '../../part.ts'
import { shuffle } from '../../shuffle.ts'
import { pause } from '../../wait.ts'
import type { LowNoiseMode } from '../idle/low-noise.ts'
import type { Members, MembersEvents } from '../membership/members.ts'
import { parseable, withPeer } from '../reachability/addresses.ts'
import type { KnownPeer } from './address-book.ts'
import { type DialTarget, dialsFor, missingOf } from './dial-plan.ts'
import { RoundRobin } from './round-robin.ts'

/** Connections that a peer keeps open by itself; gossip needs about six. */
export const DEGREE = 8
/** Waits between rounds without a connection, ms: a newcomer is let in within 5 s of the other peer's start. */
const ALONE = { first: 250, most: 3_000 }
/** Waits between two warnings that no peer answers, ms. */
const WARNING = { first: 60_000, most: 3_600_000, jitter: 0 }
/**
 * Waits between rounds with connections, plus or minus a fifth: usually, in low-noise mode, and while no connection is wanted and no peer
 * is missing; a change ends the last one early.
 */
const ROUND_MS = 5_000
const LOW_NOISE_ROUND_MS = 15_000
const SATISFIED_ROUND_MS = 30_000
/** Changes come in groups: the round after one waits for the others. */
const COALESCE_MS = 200
/** Enough for two addresses of a peer that do not answer. */
const DIAL_TIMEOUT_MS = 9_000
const MAX_DIALS = 8
/** Targets in one round without a connection: of many remembered peers only one may be here. */
const MAX_SEEDS = 32
/** After a partition each peer dials so many of the other side, so that no single connection joins the two. */
const MAX_BRIDGES = 3
const MAX_REJOINED = 256

export interface DialerComponents {
  connectionManager: Pick<ConnectionManager, 'getConnections' | 'openConnection'>
  members: Pick<Members, 'list' | 'addEventListener'>
  lowNoise: Pick<LowNoiseMode, 'active'>
}

export interface DialerInit {
  log: Log
  ticketAddresses: string[]
  knownPeers(): KnownPeer[]
  /** Called after each round in which every target was dialled and no connection was made. */
  onAlone(): boolean
}

export class Dialer extends Part<DialerComponents, DialerInit> {
  readonly #log = this.init.log.with({}, 'dialer')
  readonly #backoff = new Backoff(ALONE)
  readonly #warning = new Backoff(WARNING)
  readonly #seeds = new RoundRobin<DialTarget>(keyOf)
  readonly #missing = new RoundRobin<DialTarget>(keyOf)
  /** Peers that were held for lost and are reachable again, since the last round. */
  readonly #rejoined = new Set<string>()
  #woken = new AbortController()
  #searchedAt = performance.now()
  #isSatisfied = false
  #loop: Promise<void> = Promise.resolve()

  afterStart(): void {
    listen<MembersEvents>(this.components.members, this.stopped, {
      change: () => this.#onChange(),
      rejoined: ({ detail: { peer } }) => {
        if (this.#rejoined.size < MAX_REJOINED) this.#rejoined.add(peer)
        this.#woken.abort()
      }
    })
    this.#loop = this.#run()
  }

  async beforeStop(): Promise<void> {
    this.stop()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.stopped.aborted) {
      const count = this.#count()
      await (count === 0 ? this.#dialSeeds() : Promise.all([this.#dialMembers(count), this.#dialMissing()]))
      const alone = this.#count() === 0
      if (!alone) {
        this.#backoff.reset()
        this.#warning.reset()
      }
      await this.#pause(alone ? this.#backoff.next() : this.#wait() * (0.8 + Math.random() * 0.4))
    }
  }

  /** @returns ms until the next round, if nothing changes */
  #wait(): number {
    const members = this.components.members.list()
    const wants = this.#count() < DEGREE && members.some(isIndirect)
    this.#isSatisfied = !wants && missingOf(members, this.init.knownPeers()).length === 0
    if (this.#isSatisfied) return SATISFIED_ROUND_MS
    return this.components.lowNoise.active ? LOW_NOISE_ROUND_MS : ROUND_MS
  }

  /** Waits, but until a moment after a change at most. */
  async #pause(ms: number): Promise<void> {
    this.#woken = new AbortController()
    await pause(ms, AbortSignal.any([this.stopped, this.#woken.signal]))
    if (this.#woken.signal.aborted) await pause(COALESCE_MS, this.stopped)
  }

  /** Dials the addresses of the ticket and remembered peers, a few in each round. */
  async #dialSeeds(): Promise<void> {
    const { ticketAddresses, knownPeers } = this.init
    const seeds = [...ticketAddresses.map(address => ({ addresses: [address] })), ...knownPeers()]
    if (seeds.length === 0) return
    const targets = this.#seeds.next(seeds, MAX_SEEDS)
    await Promise.all(targets.map(target => this.#dial(target)))
    if (this.#count() > 0 || this.stopped.aborted) return
    if (!this.init.onAlone() || !this.#warning.due(performance.now())) return
    const addresses = targets.slice(0, MAX_DIALS).flatMap(({ addresses }) => addresses.slice(0, 2))
    this.#log.warn('no peer answers yet, still trying', { addresses: addresses.join(',') })
  }

  /** Dials random members until there are enough connections, and a few rejoined ones in any case. */
  async #dialMembers(count: number): Promise<void> {
    const indirect = shuffle(this.components.members.list().filter(isIndirect))
    const bridges = indirect.filter(({ peer }) => this.#rejoined.has(peer)).slice(0, MAX_BRIDGES)
    this.#rejoined.clear()
    const wanted = indirect.slice(0, Math.min(MAX_DIALS, Math.max(0, DEGREE - count)))
    await Promise.all([...new Set([...bridges, ...wanted])].map(member => this.#dial(member)))
  }

  /** Dials some of the missing peers; also where changes bring rounds forward, no more often than usual. */
  async #dialMissing(): Promise<void> {
    const now = performance.now()
    if (now - this.#searchedAt < ROUND_MS * 0.8) return
    this.#searchedAt = now
    const members = this.components.members.list()
    const missing = missingOf(members, this.init.knownPeers())
    const here = members.filter(({ state }) => state !== 'lost' && state !== 'left').length
    const targets = this.#missing.next(missing, dialsFor(missing.length, here, Math.random()))
    await Promise.all(targets.map(target => this.#dial(target)))
  }

  /** Dials by address if possible: libp2p forgets the addresses of a peer that was away for an hour. */
  async #dial({ peer, addresses }: DialTarget): Promise<void> {
    const signal = AbortSignal.any([this.stopped, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
    try {
      // the addresses of a ticket name their peer
      const to = parseable(addresses).map(address => multiaddr(peer == null ? address : withPeer(address, peer)))
      await this.components.connectionManager.openConnection(to.length > 0 ? to : peerIdFromString(peer ?? ''), {
        signal
      })
    } catch (error) {
      this.#log.debug('no connection', { to: peer ?? String(addresses), why: (error as Error).message })
    }
  }

  #count(): number {
    return this.components.connectionManager.getConnections().length
  }

  /** A new member may be worth a connection, and a lost one must be searched for. */
  #onChange(): void {
    const count = this.#count()
    if (this.#isSatisfied || (count > 0 && count < DEGREE)) this.#woken.abort()
  }
}

/** True for a member that is here and reached through others only. */
const isIndirect = ({ path, state }: MemberView) => path === 'indirect' && state !== 'lost' && state !== 'left'

const keyOf = ({ peer, addresses }: DialTarget) => peer ?? String(addresses)
