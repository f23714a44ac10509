/**
 * Keeps this peer connected: to the addresses it was given and to those it remembers while it knows nobody, and to a
 * handful of members once it does, so that no single peer holds the mesh together. Dials for ever; a peer that was started
 * before the one it is to join is let in within seconds of its appearing.
 */
import type { ConnectionManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Log } from '../log.ts'
import { Backoff } from './backoff.ts'
import type { Members } from './members.ts'

/** Connections that a peer keeps up by itself; gossip needs about six. */
const DEGREE = 8
/** Alone, a try at least this often, ms: a newcomer is let in within 5 s of its way in appearing. */
const ALONE = { first: 250, most: 3_000 }
/** With connections, how often to look whether more are wanted. */
const CALM = 5_000
const DIAL_TIMEOUT = 4_000
const MAX_DIALS = 8

export interface LinksComponents {
  connectionManager: ConnectionManager
  members: Members
}

export interface LinksInit {
  log: Log
  self: string
  /** Addresses from the ticket and of remembered peers, most hopeful first. */
  seeds(): string[]
}

export class Links {
  readonly #components: LinksComponents
  readonly #init: LinksInit
  readonly #log: Log
  readonly #stopped = new AbortController()
  readonly #backoff = new Backoff(ALONE)
  #wake: () => void = () => {}
  #loop: Promise<void> = Promise.resolve()
  #saidAlone = false

  constructor(components: LinksComponents, init: LinksInit) {
    this.#components = components
    this.#init = init
    this.#log = init.log.with({}, 'links')
  }

  /** libp2p starts only what has both. */
  start(): void {}
  stop(): void {}

  afterStart(): void {
    this.#components.members.addEventListener('change', this.#onChange)
    this.#loop = this.#run()
  }

  async beforeStop(): Promise<void> {
    this.#components.members.removeEventListener('change', this.#onChange)
    this.#stopped.abort()
    this.#wake()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const count = this.#components.connectionManager.getConnections().length
      await (count === 0 ? this.#dialSeeds() : this.#dialMembers(count))
      const alone = this.#components.connectionManager.getConnections().length === 0
      if (!alone) {
        this.#backoff.reset()
        this.#saidAlone = false
      }
      await this.#pause(alone ? this.#backoff.next() : CALM)
    }
  }

  async #dialSeeds(): Promise<void> {
    const seeds = this.#init.seeds()
    if (seeds.length === 0) return
    await Promise.all(seeds.slice(0, MAX_DIALS).map(address => this.#dial(address)))
    const alone = this.#components.connectionManager.getConnections().length === 0
    if (alone && !this.#saidAlone) {
      this.#saidAlone = true
      this.#log.warn('nobody answers yet, trying on', { addresses: seeds.slice(0, MAX_DIALS).join(',') })
    }
  }

  /** Dials members at random until there are enough connections; those that refuse are left to the next round. */
  async #dialMembers(count: number): Promise<void> {
    const strangers = this.#components.members
      .list()
      .filter(member => member.path === 'indirect' && member.state !== 'lost' && member.state !== 'left')
      .sort(() => Math.random() - 0.5)
      .slice(0, Math.min(MAX_DIALS, Math.max(0, DEGREE - count)))
    await Promise.all(strangers.map(member => this.#dial(member.peer)))
  }

  async #dial(target: string): Promise<void> {
    const to = target.startsWith('/') ? multiaddr(target) : peerIdFromString(target)
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(DIAL_TIMEOUT)])
    try {
      await this.#components.connectionManager.openConnection(to, { signal })
    } catch (error) {
      this.#log.debug('no connection', { to: target, why: (error as Error).message })
    }
  }

  /** A newly heard-of peer may be worth a connection. */
  readonly #onChange = (): void => {
    const count = this.#components.connectionManager.getConnections().length
    if (count > 0 && count < DEGREE) this.#wake()
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
