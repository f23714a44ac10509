/**
 * Keeps this peer connected: to the addresses it was given and to those it remembers while it knows nobody, and to a
 * handful of members once it does, so that no single peer holds the mesh together. Looks now and then for those that are
 * missing, so that parts of a mesh that were cut from each other grow together. Dials for ever; a peer that was started
 * before the one it is to join is let in within seconds of its appearing.
 */
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { MemberView } from '../../../protocols/control.ts'
import type { Log } from '../../log.ts'
import type { LowNoiseMode } from '../idle/low-noise.ts'
import type { Members } from '../membership/members.ts'
import { parseable } from '../reachability/addresses.ts'
import type { KnownPeer } from './address-book.ts'
import { Backoff } from './backoff.ts'
import { type DialTarget, dialsFor, missingOf } from './dial-plan.ts'
import { RepeatBackoff } from './repeat-backoff.ts'
import { RoundRobin } from './round-robin.ts'

/** Connections that a peer keeps up by itself; gossip needs about six. */
export const DEGREE = 8
/** Alone, a try at least this often, ms: a newcomer is let in within 5 s of its way in appearing. */
const ALONE = { first: 250, most: 3_000 }
/** How often it is said that nobody answers, ms. */
const SAY = { first: 60_000, most: 3_600_000 }
/**
 * With connections, how often to look whether more are wanted, and whether somebody missing is back; give or take a fifth. Less
 * often between start and stop, and where nothing is wanted and nobody missing: a change wakes this, too.
 */
const CALM = 5_000
const MEASURING = 15_000
const CONTENT = 30_000
/** Time for two addresses of a peer that swallow what is sent to them, ms. */
const DIAL_TIMEOUT = 9_000
const MAX_DIALS = 8
/** Alone: it may remember many that are gone for the one that is here. */
const MAX_SEEDS = 32
/** After a cut every peer dials so many of the other part, so that not one link alone holds both together. */
const BRIDGES = 3
const MAX_FOUND = 256

export interface DialerComponents {
  connectionManager: ConnectionManager
  members: Members
  lowNoise: LowNoiseMode
}

export interface DialerInit {
  log: Log
  /** Addresses from the ticket. */
  way: string[]
  remembered(): KnownPeer[]
  /** All that could be tried was, and nobody let this peer in. */
  onAlone(): void
}

export class Dialer {
  readonly #components: DialerComponents
  readonly #init: DialerInit
  readonly #log: Log
  readonly #stopped = new AbortController()
  readonly #backoff = new Backoff(ALONE)
  readonly #say = new RepeatBackoff(SAY)
  readonly #seeds = new RoundRobin<DialTarget>(keyOf)
  readonly #missing = new RoundRobin<DialTarget>(keyOf)
  readonly #found = new Set<string>()
  #looked = performance.now()
  #content = false
  #wake: () => void = () => {}
  #loop: Promise<void> = Promise.resolve()

  constructor(components: DialerComponents, init: DialerInit) {
    this.#components = components
    this.#init = init
    this.#log = init.log.with({}, 'links')
  }

  /** libp2p starts only what has both. */
  start(): void {}
  stop(): void {}

  afterStart(): void {
    this.#components.members.addEventListener('change', this.#onChange)
    this.#components.members.addEventListener('rejoined', this.#onFound)
    this.#loop = this.#run()
  }

  async beforeStop(): Promise<void> {
    this.#components.members.removeEventListener('change', this.#onChange)
    this.#components.members.removeEventListener('rejoined', this.#onFound)
    this.#stopped.abort()
    this.#wake()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const count = this.#count()
      await (count === 0 ? this.#dialSeeds() : Promise.all([this.#dialMembers(count), this.#look()]))
      const alone = this.#count() === 0
      if (!alone) {
        this.#backoff.reset()
        this.#say.reset()
      }
      await this.#pause(alone ? this.#backoff.next() : this.#calm() * (0.8 + Math.random() * 0.4))
    }
  }

  /** @returns how long nothing need be done if nothing changes */
  #calm(): number {
    const members = this.#components.members.list()
    const wants = this.#count() < DEGREE && members.some(isStranger)
    this.#content = !wants && missingOf(members, this.#init.remembered()).length === 0
    if (this.#content) return CONTENT
    return this.#components.lowNoise.active ? MEASURING : CALM
  }

  /** The ticket's addresses and everyone this home remembers, a few at a time. */
  async #dialSeeds(): Promise<void> {
    const { way, remembered } = this.#init
    const seeds = [...way.map(address => ({ addresses: [address] })), ...remembered()]
    if (seeds.length === 0) return
    const ways = this.#seeds.next(seeds, MAX_SEEDS)
    await Promise.all(ways.map(each => this.#dial(each)))
    if (this.#count() > 0) return
    this.#init.onAlone()
    if (!this.#say.due(performance.now())) return
    const named = ways.slice(0, MAX_DIALS).flatMap(({ addresses }) => addresses.slice(0, 2))
    this.#log.warn('nobody answers yet, trying on', { addresses: named.join(',') })
  }

  /** Dials members at random until there are enough connections, and some that were found again at any rate. */
  async #dialMembers(count: number): Promise<void> {
    const strangers = this.#components.members
      .list()
      .filter(isStranger)
      .sort(() => Math.random() - 0.5)
    const found = strangers.filter(({ peer }) => this.#found.has(peer)).slice(0, BRIDGES)
    this.#found.clear()
    const wanted = strangers.slice(0, Math.min(MAX_DIALS, Math.max(0, DEGREE - count)))
    await Promise.all([...new Set([...found, ...wanted])].map(member => this.#dial(member)))
  }

  /** Looks for those that are missing, whatever woke this peer not more often than once a round. */
  async #look(): Promise<void> {
    const now = performance.now()
    if (now - this.#looked < CALM * 0.8) return
    this.#looked = now
    const members = this.#components.members.list()
    const missing = missingOf(members, this.#init.remembered())
    const here = members.filter(({ state }) => state !== 'lost' && state !== 'left').length
    const ways = this.#missing.next(missing, dialsFor(missing.length, here, Math.random()))
    await Promise.all(ways.map(each => this.#dial(each)))
  }

  /** By its addresses and not by its id alone: libp2p forgets the addresses of who has been away for an hour. */
  async #dial({ peer, addresses }: DialTarget): Promise<void> {
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(DIAL_TIMEOUT)])
    try {
      const to = parseable(addresses).map(address => withPeer(multiaddr(address), peer))
      await this.#components.connectionManager.openConnection(to.length > 0 ? to : peerIdFromString(peer ?? ''), {
        signal
      })
    } catch (error) {
      this.#log.debug('no connection', { to: peer ?? String(addresses), why: (error as Error).message })
    }
  }

  #count(): number {
    return this.#components.connectionManager.getConnections().length
  }

  /** A newly heard-of peer may be worth a connection, and one that is lost must be looked for. */
  readonly #onChange = (): void => {
    const count = this.#count()
    if (this.#content || (count > 0 && count < DEGREE)) this.#wake()
  }

  readonly #onFound = (event: CustomEvent<{ peer: string }>): void => {
    if (this.#found.size < MAX_FOUND) this.#found.add(event.detail.peer)
    this.#wake()
  }

  #pause(length: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, length)
      this.#wake = () => {
        clearTimeout(timer)
        setTimeout(resolve, 200).unref()
        this.#wake = () => {}
      }
      if (this.#stopped.signal.aborted) {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Here, and reached through others only. */
const isStranger = ({ path, state }: MemberView) => path === 'indirect' && state !== 'lost' && state !== 'left'

const keyOf = ({ peer, addresses }: DialTarget) => peer ?? String(addresses)

/** Addresses of a ticket say already whose they are. */
function withPeer(address: Multiaddr, peer: string | undefined): Multiaddr {
  const text = address.toString()
  return peer == null || text.endsWith(`/p2p/${peer}`) ? address : multiaddr(`${text}/p2p/${peer}`)
}
